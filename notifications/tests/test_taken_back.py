"""A firm that says later that what it had told reached nobody: the portal sends, where no stage follows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.tests.factories import make_borrower
from loans.intake.events.sweep import apply_kept
from loans.models import Installment, OutwardEvent
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear as hear_events
from notifications.contacts import contacts_of, talks_with
from notifications.escalation import climb
from notifications.firm_scores import read_scores
from notifications.models import AgentTask, Duty, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import (
    HOUR,
    due_in,
    duty_of,
    event_about,
    make_rule,
    named_on,
    planned,
    push,
    report,
)

pytestmark = pytest.mark.django_db
Status = Duty.Status


@pytest.mark.parametrize(("kind", "days"), [("upcoming", 0), ("upcoming", 1), ("overdue", -7)])
def test_a_firm_that_takes_back_what_it_told_last_lets_the_portal_send_at_once(kind: str, days: int) -> None:
    make_rule(hours=1)
    hear_events(make_bank())
    installment = due_in(days)
    plan_upcoming(clock())
    plan_overdue(clock())
    at, later = NOON + timedelta(minutes=10), NOON + 2 * HOUR
    said: dict[str, Any] = {"kind": kind, "sent_at": at.isoformat()}
    assert report(installment, at=at, proof="delivered", **said) == ("applied", "")
    assert claim("sms", later) == []
    assert report(installment, at=later, proof="failed", **said) == ("applied", "")
    prompt = Prompt.objects.get(installment=installment)
    duty = duty_of(prompt)
    assert (duty.status, duty.settled_at, duty.why_late) == (Status.TAKEN_OVER, later, "not_reached")
    assert (prompt.status, prompt.reason, prompt.look_again_at) == (Prompt.Status.ACTIVE, "", later)
    told = OutwardEvent.objects.get(kind="prompt.taken_over")
    assert (told.data["why"], told.data["sender"]) == ("not_reached", "portal")
    assert NoticeEvent.objects.get(kind="firm_failed").prompt_id == prompt.pk
    climb(clock(later))
    assert len(claim("sms", later)) == len(claim("in_app", later)) == 1
    assert report(installment, at=later + HOUR, proof="delivered", kind=kind) == ("kept", "too_late")


def test_whoever_had_no_way_to_be_reached_is_with_a_person_when_the_firm_takes_its_word_back() -> None:
    make_rule(hours=1)
    installment = make_installment(make_loan(make_borrower(phone=False, email=False)), due_on=TODAY)
    plan_upcoming(clock())
    report(installment, at=NOON + timedelta(minutes=10), proof="delivered")
    assert report(installment, at=NOON + HOUR, proof="failed") == ("applied", "")
    climb(clock(NOON + HOUR))
    assert AgentTask.objects.values_list("prompt__installment", flat=True).get() == installment.pk


@pytest.mark.parametrize(
    ("said", "by"),
    [
        ({"sent_at": NOON.isoformat()}, "bank"),  # an earlier try
        ({"channel": "email"}, "bank"),  # another way
        ({}, "platform"),
    ],
)
def test_what_speaks_of_another_try_takes_nothing_back(said: dict[str, Any], by: str) -> None:
    make_rule(hours=1, backup="platform", backup_hours=1)
    prompt = planned(0)
    assert prompt.installment is not None
    assert report(prompt.installment, at=NOON + timedelta(minutes=10), proof="delivered") == ("applied", "")
    firm = make_bank() if by == "bank" else make_platform()
    assert report(prompt.installment, at=NOON + HOUR, proof="failed", by=firm, **said) == ("unchanged", "")
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.FIRM_TOLD


def test_what_is_paid_or_known_meanwhile_is_not_opened_again() -> None:
    make_rule(hours=1)
    prompt = planned(0)
    assert prompt.installment is not None
    report(prompt.installment, at=NOON + timedelta(minutes=10), proof="delivered")
    Installment.objects.update(state="paid")
    assert report(prompt.installment, at=NOON + HOUR, proof="failed") == ("unchanged", "")
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.FIRM_TOLD


@pytest.mark.parametrize("planned_first", [True, False])
def test_of_two_words_the_later_moment_holds_whichever_comes_first(planned_first: bool) -> None:
    make_rule(valid_from=NOON - timedelta(days=9))
    installment = due_in(0)
    if planned_first:
        plan_upcoming(clock())
    at = NOON - HOUR
    said: dict[str, Any] = {"stage": 0, "sent_at": at.isoformat()}
    report(installment, at=at + timedelta(minutes=20), proof="failed", **said)
    assert report(installment, at=at + timedelta(minutes=10), proof="delivered", **said) == ("unchanged", "")
    plan_upcoming(clock())
    assert duty_of(Prompt.objects.get()).status != Status.MET
    assert NoticeEvent.objects.get(kind="firm_told").data["counts"] is False


def test_what_was_taken_back_before_it_was_planned_does_not_count() -> None:
    make_rule(valid_from=NOON - timedelta(days=9))
    installment, at = due_in(0), NOON - HOUR
    said: dict[str, Any] = {"stage": 0, "sent_at": at.isoformat()}
    report(installment, at=at, proof="delivered", **said)
    report(installment, at=at + timedelta(minutes=10), proof="failed", **said)
    plan_upcoming(clock())
    assert duty_of(Prompt.objects.get()).status == Status.WAITING


@pytest.mark.parametrize("which", [0, 1])
def test_of_what_was_told_together_only_what_is_taken_back_is_told(which: int) -> None:
    make_rule(hours=1)
    loan = make_loan(make_borrower())
    rows = [make_installment(loan, due_on=TODAY) for _ in range(2)]
    plan_upcoming(clock())
    at, later = NOON + timedelta(minutes=10), NOON + HOUR
    push(make_bank(), [event_about(row, at=at, proof="delivered") for row in rows], at=at)
    apply_kept()
    assert set(Prompt.objects.values_list("status", flat=True)) == {Prompt.Status.FIRM_TOLD}
    assert report(rows[which], at=later, proof="failed") == ("applied", "")
    climb(clock(later))
    assert named_on("sms", later) == {rows[which].pk}
    other = Prompt.objects.get(installment=rows[1 - which])
    assert other.status == Prompt.Status.FIRM_TOLD


def test_what_a_firm_takes_back_does_not_count_for_caps() -> None:
    make_rule(hours=1)
    installment = due_in(-7)
    plan_overdue(clock())
    said: dict[str, Any] = {"kind": "overdue", "sent_at": NOON.isoformat()}
    report(installment, at=NOON, proof="delivered", **said)
    people = [installment.loan.borrower_id]
    assert len(contacts_of(people, "sms", now=NOON + HOUR)) == 1
    report(installment, at=NOON + HOUR, proof="failed", **said)
    assert contacts_of(people, "sms", now=NOON + HOUR) == {}


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def said_of_a_call(at: datetime) -> dict[str, Any]:
    return {"kind": "overdue", "channel": "voice", "sent_at": at.isoformat()}


def test_a_call_of_a_firm_that_nobody_took_was_placed() -> None:
    row = due_in(-7)
    plan_overdue(clock())
    report(row, at=NOON, proof="accepted", **said_of_a_call(NOON))
    report(row, at=NOON + MINUTE, proof="failed", **said_of_a_call(NOON))
    assert [len(at) for at in contacts_of([row.loan.borrower_id], "voice", now=NOON + HOUR).values()] == [1]


def test_a_later_call_that_failed_unsays_neither_the_call_nor_the_conversation_of_before() -> None:
    row, before = due_in(-7), NOON - 2 * DAY
    report(row, at=before, proof="delivered", **said_of_a_call(before))
    report(row, at=NOON, proof="failed", **said_of_a_call(NOON))
    people = [row.loan.borrower_id]
    assert [len(at) for at in contacts_of(people, "voice", now=NOON + HOUR).values()] == [2]
    assert list(talks_with(people, days=7, now=NOON + HOUR).last.values()) == [before]


def test_what_is_taken_back_while_a_stage_follows_is_not_said_to_have_arrived_until_it_does() -> None:
    make_rule(hours=1)
    prompt = planned(3)
    assert prompt.installment is not None
    said: dict[str, Any] = {"sent_at": (NOON + MINUTE).isoformat()}
    report(prompt.installment, at=NOON + MINUTE, proof="delivered", **said)
    report(prompt.installment, at=NOON + 2 * MINUTE, proof="failed", **said)
    duty = duty_of(prompt)
    assert (duty.status, duty.telling and duty.telling.proof) == (Status.MET, "failed")
    (score,) = read_scores(NOON + 2 * HOUR)
    assert (score.in_time, score.not_reached) == (0, 1)
    (score,) = read_scores(NOON + 2 * HOUR)
    assert (score.in_time, score.not_reached) == (0, 1)
    assert report(prompt.installment, at=NOON + 3 * MINUTE, proof="delivered") == ("applied", "")
    prompt.refresh_from_db()
    assert prompt.look_again_at.date() == prompt.installment.due_on + 2 * DAY
    duty.refresh_from_db()
    assert duty.telling is not None
    assert duty.telling.proof == "delivered"


def test_what_is_taken_back_when_its_due_day_is_over_is_on_record_and_sends_nothing() -> None:
    make_rule(hours=1)
    hear_events(make_bank())
    prompt = planned(0)
    assert prompt.installment is not None
    said: dict[str, Any] = {"sent_at": (NOON + MINUTE).isoformat()}
    report(prompt.installment, at=NOON + MINUTE, proof="delivered", **said)
    assert report(prompt.installment, at=NOON + DAY, proof="failed", **said) == ("applied", "")
    assert (duty_of(prompt).status, NoticeEvent.objects.filter(kind="firm_failed").count()) == (Status.MET, 1)
    assert not OutwardEvent.objects.filter(kind="prompt.taken_over").exists()
    assert claim("sms", NOON + DAY) == []
