"""What a firm is told of a word about a prompt that is not planned yet: that it will count, or that it never does."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans.intake.events.sweep import apply_kept, look_again
from loans.models import Event, Installment, Partner
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.models import Duty, FirmTelling, LeadPlan, NoticeEvent, Responsibility
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock
from notifications.tests.firms import HOUR, due_in, event_about, make_rule, push, report

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
APPLIED = ("applied", "")


@pytest.fixture(autouse=True)
def _rule() -> None:
    make_rule(valid_from=NOON - 90 * DAY)


def that_count(ids: Iterable[int]) -> set[int]:
    """Those of these installments of which a word counts, once each day was planned until nothing more is told."""
    for day in range(50):
        plan_upcoming(clock(NOON + day * DAY))
        plan_overdue(clock(NOON + day * DAY))
    told = Duty.objects.filter(prompt__installment__in=list(ids), telling__isnull=False)
    return {pk for pk in told.values_list("prompt__installment", flat=True) if pk}


@pytest.mark.parametrize(("kind", "stages"), [("upcoming", (7, 3, 0, 5)), ("overdue", (1, 3, 7, 5))])
@pytest.mark.parametrize("due", [9, 5, 3, 0, -2, -5])
def test_applied_says_that_it_will_count_and_kept_that_it_never_does(
    kind: str, stages: tuple[int, ...], due: int
) -> None:
    answers = {}
    for stage, ago in product((None, *stages), (0, 1, 2, 4, 40)):
        installment = due_in(due)
        said: dict[str, Any] = {"kind": kind, "proof": "delivered", "sent_at": (NOON - HOUR - ago * DAY).isoformat()}
        said |= {"stage": stage} if stage is not None else {}
        answers[stage, ago, installment.pk] = report(installment, at=NOON - HOUR, **said)
    counted = that_count(pk for _stage, _ago, pk in answers)
    for (stage, ago, pk), (status, code) in answers.items():
        assert (status == "applied") == (pk in counted), (stage, ago, status, code)
        assert (code == "") == (status == "applied")


@pytest.mark.parametrize(
    ("ago", "stage", "code"),
    [
        (40 * DAY, None, "too_early"),
        (40 * DAY, 3, "too_early"),
        (3 * DAY, None, "too_late"),
        (HOUR, 7, "too_late"),
        (HOUR, 5, "no_such_stage"),
    ],
)
def test_why_it_never_counts_is_said_by_a_code(ago: timedelta, stage: int | None, code: str) -> None:
    said: dict[str, Any] = {"sent_at": (NOON - ago).isoformat(), "proof": "delivered"} | (
        {"stage": stage} if stage is not None else {}
    )
    assert report(due_in(3), at=NOON - HOUR, **said) == ("kept", code)
    assert FirmTelling.objects.count() == NoticeEvent.objects.filter(kind="firm_told").count() == 1


def test_what_was_sent_before_the_figures_changed_is_kept_with_a_code() -> None:
    installment = due_in(3)
    Installment.objects.update(version=2, known_at=NOON - 2 * HOUR)
    assert report(installment, at=NOON - HOUR, sent_at=(NOON - 3 * HOUR).isoformat()) == ("kept", "other_figures")


def test_what_was_planned_before_the_firm_had_to_send_it_is_the_portals() -> None:
    other = Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")
    installment = due_in(3, bank=other)
    assert plan_upcoming(clock(NOON - 2 * HOUR)) == 1
    make_rule(bank=other, valid_from=NOON - HOUR)
    assert report(installment, at=NOON) == ("kept", "not_responsible")


def test_a_product_with_leads_of_its_own_has_other_stages() -> None:
    LeadPlan.objects.create(partner=make_bank(), product="Phone plan", upcoming="14,5,0", overdue="2")
    installment = due_in(10)
    sent = (NOON - HOUR).isoformat()
    assert report(installment, at=NOON - HOUR, stage=14, sent_at=sent) == APPLIED
    assert report(installment, at=NOON - HOUR, stage=7, sent_at=sent) == ("kept", "no_such_stage")


@pytest.mark.parametrize(("day", "status"), [(13, "kept"), (14, "applied"), (15, "applied")])
def test_a_word_counts_from_the_day_on_which_a_stage_opens_before_a_holiday(day: int, status: str) -> None:
    """Nobody in China works from 15 to 23 February 2026."""
    Responsibility.objects.create(responsible="bank", bank=make_bank(), hours=4, valid_from=NOON - 365 * DAY)
    installment = make_installment(make_loan(make_borrower()), due_on=date(2026, 2, 23))
    sent = datetime(2026, 2, day, 9, 0, tzinfo=SHANGHAI)
    answer, _code = report(installment, at=sent + HOUR, sent_at=sent.isoformat(), proof="delivered")
    assert answer == status
    plan_upcoming(clock(datetime(2026, 2, 15, 11, 0, tzinfo=SHANGHAI)))
    assert (Duty.objects.get().telling is not None) == (status == "applied")


@pytest.mark.parametrize(("stage", "outcome"), [(7, ("kept", "too_late")), (3, APPLIED)])
def test_a_word_that_had_to_wait_for_its_loan_is_judged_by_the_day_on_which_that_comes(
    stage: int, outcome: tuple[str, str]
) -> None:
    sent = NOON - 5 * DAY if stage == 7 else NOON - HOUR
    said = event_about(due_in(3), at=sent, stage=stage, proof="delivered", loan="L-TO-COME")
    pushed = push(make_bank(), [said], at=sent)
    with time_machine.travel(sent, tick=False):
        apply_kept()
    assert Event.objects.get(report=pushed).status == "waiting"
    make_installment(make_loan(make_borrower(), external_id="L-TO-COME"), due_on=TODAY + 3 * DAY)
    with time_machine.travel(NOON, tick=False):
        assert look_again() == 1
    event = Event.objects.get(report=pushed)
    assert (event.status, event.code) == outcome


def test_a_word_that_nobody_looked_at_for_days_is_judged_by_the_day_on_which_somebody_does() -> None:
    installment = due_in(3)
    sent = NOON - 5 * DAY
    pushed = push(make_bank(), [event_about(installment, at=sent, stage=7)], at=sent)
    with time_machine.travel(NOON, tick=False):
        apply_kept()
    event = Event.objects.get(report=pushed)
    assert (event.status, event.code) == ("kept", "too_late")
    assert FirmTelling.objects.get().heard_at == sent
