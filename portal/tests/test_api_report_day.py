"""From which day on a bank may report what a prior notice announces, as it is answered when it asks."""

from datetime import timedelta

import pytest

from accounts.tests.factories import make_agent
from loans.models import Installment
from loans.tests.asking import Program, make_program
from loans.tests.factories import make_bank
from notifications.agent_tasks import finish
from notifications.models import AgentTask, Prompt
from notifications.prior_notice import give_prior_notice
from notifications.tests.bundles import deliver, make_pair, settle
from notifications.tests.cases import Told, make_case
from notifications.tests.factories import NOON, TODAY, clock
from portal.tests.test_api_prompts import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> Program:
    return make_program(make_bank())


@pytest.fixture
def case() -> Told:
    return make_case(name="Zhang Wei")


def give_notice(*installments: Installment) -> None:
    give_prior_notice([one.loan for one in installments], clock(), days=10)


def days_of(bank: Program, *installments: Installment) -> list[str | None]:
    """The first day of a report about each, by its one prompt."""
    return [rows(bank.get("prompts", loan=one.loan.external_id))[0]["report_not_before"] for one in installments]


def test_a_prior_notice_says_from_when_what_it_announces_may_be_reported(bank: Program) -> None:
    pair = make_pair(due_on=TODAY - timedelta(days=12))
    give_notice(*pair)
    assert days_of(bank, *pair) == [None, None]
    sms = deliver("sms")
    assert days_of(bank, *pair) == ["2026-12-02", "2026-12-02"]
    assert sms.facts is not None
    assert sms.facts["report_on"] == bank.get(f"prompts/{sms.prompt_id}").json()["report_not_before"] == "2026-12-02"


@pytest.mark.parametrize("settled", [0, 1], ids=["the leading one", "its companion"])
def test_what_a_prior_notice_did_not_name_may_be_reported_on_no_day(bank: Program, settled: int) -> None:
    pair = make_pair(due_on=TODAY - timedelta(days=12))
    give_notice(*pair)
    settle(pair[settled])
    deliver("sms")
    assert days_of(bank, pair[settled], pair[1 - settled]) == [None, "2026-12-02"]


def test_a_notice_that_does_not_hold_any_more_names_no_day(bank: Program) -> None:
    pair = make_pair(due_on=TODAY - timedelta(days=12))
    give_notice(*pair)
    deliver("sms")
    settle(pair[0])
    assert days_of(bank, *pair) == [None, "2026-12-02"]


@pytest.mark.parametrize("status", ["told", "acknowledged"])
@pytest.mark.parametrize("what", ["paid", "changed"])
def test_a_notice_that_was_told_and_is_paid_or_changed_since_names_no_day(
    bank: Program, status: str, what: str
) -> None:
    pair = make_pair(due_on=TODAY - timedelta(days=12))
    give_notice(*pair)
    deliver("sms")
    Prompt.objects.update(status=status)
    if what == "paid":
        settle(pair[0])
    else:
        Installment.objects.filter(pk=pair[0].pk).update(version=2)
    assert days_of(bank, *pair) == [None, "2026-12-02"]


def test_of_whom_a_person_told_a_notice_the_day_is_that_of_the_call(bank: Program) -> None:
    (overdue, _other) = make_pair(due_on=TODAY - timedelta(days=12))
    give_notice(overdue)
    prompt = Prompt.objects.get()
    prompt.deliveries.update(status="failed")
    Prompt.objects.update(status="escalated")
    task = AgentTask.objects.create(
        prompt=prompt, kind="unreachable", borrower=prompt.borrower, act_by=NOON, created_at=NOON
    )
    assert days_of(bank, overdue) == [None]
    finish(task_id=task.pk, agent=make_agent(), outcome="told", note="", now=NOON + timedelta(days=3))
    assert days_of(bank, overdue) == ["2026-12-05"]


def test_other_prompts_name_no_day_of_a_report(bank: Program, case: Told) -> None:
    assert days_of(bank, case.installment) == [None]
