"""Notice before an adverse report: of what is overdue and nothing speaks for, once, and never in silence."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from accounts.tests.factories import make_borrower
from loans.models import Installment, Loan, OutageHold
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications import tasks
from notifications.ending_told import end_told
from notifications.models import AgentTask, Delivery, Prompt
from notifications.prior_notice import Notices, give_prior_notice
from notifications.tests.bundles import deliver, hold_by_outage, make_pair
from notifications.tests.factories import NOON, TODAY, clock, word_these

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


@pytest.fixture
def overdue() -> Installment:
    return make_installment(make_loan(make_borrower()), due_on=TODAY - timedelta(days=12))


def give(*loans: Loan, days: int = 10) -> Notices:
    return give_prior_notice(loans, clock(), days=days)


def why_not(notices: Notices) -> list[str]:
    return [str(one) for one in notices.refused]


def test_an_overdue_installment_is_announced_with_the_first_day_of_a_report(overdue: Installment) -> None:
    assert give(overdue.loan).given == 1
    prompt = Prompt.objects.get()
    assert (prompt.kind, prompt.stage, prompt.installment) == ("prior_notice", 10, overdue)
    delivery = Delivery.objects.get(prompt=prompt, channel="sms")
    (worded,), faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    assert json.loads(worded.kept.facts)["report_on"] == "2026-12-02"


def test_what_is_due_today_or_later_is_not_overdue(overdue: Installment) -> None:
    make_installment(overdue.loan, due_on=TODAY)
    make_installment(overdue.loan, due_on=TODAY + timedelta(days=30))
    assert give(overdue.loan).given == 1


def test_whether_it_is_overdue_is_told_by_the_borrowers_own_day() -> None:
    there = make_loan(make_borrower(time_zone="America/New_York"))
    make_installment(there, due_on=TODAY - timedelta(days=1))
    assert why_not(give(there)) == [f"{there.external_id}: nothing of it is overdue"]


def test_a_disputed_one_is_left_out_with_the_reason(overdue: Installment) -> None:
    other = make_installment(overdue.loan, due_on=TODAY - timedelta(days=3))
    make_dispute(overdue.loan, installment=overdue)
    notices = give(overdue.loan)
    number = overdue.loan.external_id
    assert why_not(notices) == [f"{number}/1: its borrower disputes it, and the dispute is not decided"]
    assert Prompt.objects.get(kind="prior_notice").installment == other


def test_a_dispute_about_the_whole_loan_speaks_for_all_of_it(overdue: Installment) -> None:
    make_installment(overdue.loan, due_on=TODAY - timedelta(days=3))
    make_dispute(overdue.loan)
    notices = give(overdue.loan)
    assert (notices.given, len(notices.refused)) == (0, 2)


def test_one_that_awaits_the_bank_is_left_out_with_the_reason(overdue: Installment) -> None:
    Installment.objects.update(state=Installment.State.AWAITING_BANK)
    assert "awaits the bank" in why_not(give(overdue.loan))[0]
    assert not Prompt.objects.exists()


def test_what_is_paid_needs_no_notice(overdue: Installment) -> None:
    Installment.objects.update(state=Installment.State.SETTLED, paid=Decimal(100), outstanding=Decimal(0))
    assert why_not(give(overdue.loan)) == [f"{overdue.loan.external_id}: nothing of it is overdue"]


def test_notice_is_given_once_a_version(overdue: Installment) -> None:
    give(overdue.loan)
    assert "notice was given before" in why_not(give(overdue.loan, days=20))[0]
    Prompt.objects.update(status=Prompt.Status.CANCELLED)
    assert give(overdue.loan, days=20).given == 1


def test_one_that_was_taken_back_is_given_again_with_another_number_of_days_and_never_left_out_in_silence(
    overdue: Installment,
) -> None:
    give(overdue.loan, days=28)
    Prompt.objects.update(status=Prompt.Status.CANCELLED)
    again = give(overdue.loan, days=28)
    assert (again.given, len(again.refused)) == (0, 1)
    assert "a notice of 28 days was given before and does not hold" in why_not(again)[0]
    assert give(overdue.loan, days=29).given == 1


def test_a_law_that_asks_for_more_days_refuses_fewer_and_says_where_it_stands() -> None:
    there = make_installment(make_loan(make_borrower(jurisdiction="uk")), due_on=TODAY - timedelta(days=12))
    assert "the law asks for notice 28 days before" in why_not(give(there.loan, days=27))[0]
    assert give(there.loan, days=28).given == 1


def test_at_night_it_waits_for_the_contact_hours_and_names_the_rule(overdue: Installment) -> None:
    night = NOON + timedelta(hours=11)
    give_prior_notice([overdue.loan], replace(clock(night), hours=None), days=10)
    delivery = Delivery.objects.get(channel="sms")
    assert delivery.next_attempt_at == NOON + timedelta(hours=20)
    assert delivery.held_by.startswith("cn/statutory/hours/")


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_notice_of_no_days_is_refused(overdue: Installment, days: int) -> None:
    with pytest.raises(ValueError, match="1 to 365"):
        give(overdue.loan, days=days)


def run(*args: str) -> tuple[str, str, int]:
    """What the command printed, what it complained of, and its exit code."""
    out, complaints, code = StringIO(), StringIO(), 0
    try:
        with time_machine.travel(NOON, tick=False):
            call_command("give_prior_notice", *args, stdout=out, stderr=complaints)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return out.getvalue(), complaints.getvalue(), code


def test_the_command_gives_notice_and_ends_with_0(overdue: Installment) -> None:
    out, complaints, code = run(overdue.loan.external_id, "--days", "15", "--partner", "harbour")
    assert (out, complaints, code) == ("Notices given: 1. Refused: 0.\n", "", 0)


def test_the_command_names_what_it_refused_and_ends_with_2(overdue: Installment) -> None:
    quiet = make_loan()
    out, complaints, code = run(
        overdue.loan.external_id, quiet.external_id, "LN-0", "--days", "15", "--partner", "harbour"
    )
    assert code == 2
    assert "Refused: 2." in out
    assert f"{quiet.external_id}: nothing of it is overdue" in complaints
    assert "LN-0: harbour has no such loan" in complaints
    assert Prompt.objects.get().installment == overdue


@pytest.mark.parametrize(("days", "partner", "words"), [("0", "harbour", "1 to 365"), ("5", "lantern", "No bank")])
def test_the_command_refuses_what_makes_no_sense(overdue: Installment, days: str, partner: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("give_prior_notice", overdue.loan.external_id, "--days", days, "--partner", partner)
    assert not Prompt.objects.exists()


def test_one_that_was_held_when_its_companion_was_announced_is_not_announced_yet() -> None:
    """The message for two named the other alone: once nothing holds the first, it can be announced."""
    rows = make_pair(due_on=TODAY - timedelta(days=12))
    assert give(*[row.loan for row in rows]).given == 2
    leading = Prompt.objects.get(told_with=None)
    assert leading.installment
    hold_by_outage(leading.installment)
    deliver("sms")
    end_told([leading.pk], now=NOON)
    OutageHold.objects.all().delete()
    notices = give(*[row.loan for row in rows], days=11)
    assert (notices.given, len(notices.refused)) == (1, 1)
    assert Prompt.objects.get(stage=11).installment == leading.installment


@pytest.mark.parametrize(("task", "given"), [("open", 0), ("done", 1)])
def test_one_that_reached_nobody_and_is_with_nobody_was_not_given(overdue: Installment, task: str, given: int) -> None:
    give(overdue.loan)
    prompt = Prompt.objects.get()
    Prompt.objects.update(status="escalated")
    ended = {} if task == "open" else {"outcome": "not_needed", "done_at": NOON}
    AgentTask.objects.create(
        prompt=prompt, borrower=prompt.borrower, kind="unreachable", act_by=NOON, created_at=NOON, status=task, **ended
    )
    assert give(overdue.loan, days=11).given == given


def test_one_that_somebody_was_told_in_person_was_given(overdue: Installment) -> None:
    give(overdue.loan)
    prompt = Prompt.objects.get()
    Prompt.objects.update(status="escalated")
    ended = {"status": "done", "outcome": "told", "done_at": NOON}
    AgentTask.objects.create(
        prompt=prompt, borrower=prompt.borrower, kind="unreachable", act_by=NOON, created_at=NOON, **ended
    )
    assert give(overdue.loan, days=11).given == 0
