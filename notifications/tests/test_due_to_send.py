"""When a firm's turn to send begins it is told so; when it says that it reached nobody, the portal sends at once."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_borrower
from loans.intake.events.sweep import apply_kept
from loans.models import OutwardDelivery, OutwardEvent
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear as hear_events
from notifications.firm_scores import read_scores
from notifications.models import Delivery, Duty, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import HOUR, due_in, duty_of, event_about, make_rule, planned, push, report, statuses

pytestmark = pytest.mark.django_db
Status = Duty.Status


def due() -> list[OutwardEvent]:
    return list(OutwardEvent.objects.filter(kind="prompt.due_to_send").order_by("pk"))


def taken_over() -> list[dict[str, Any]]:
    events = OutwardEvent.objects.filter(kind="prompt.taken_over").order_by("pk")
    return [event.data for event in events]


def test_a_firms_turn_is_told_with_what_of_whom_and_by_when() -> None:
    make_rule(hours=2, backup="platform", backup_hours=3)
    hear_events(make_bank())
    prompt = planned()
    (event,) = due()
    assert (event.partner.code, event.subject) == ("harbour", f"prompt:{prompt.pk}:harbour")
    assert event.data == {
        "loan": prompt.loan.external_id,
        "bank": "harbour",
        "prompt": prompt.pk,
        "kind": "upcoming",
        "stage": 3,
        "installment": 1,
        "due_on": (TODAY + timedelta(days=3)).isoformat(),
        "amount": "100.000",
        "currency": "CNY",
        "responsible": "harbour",
        "needs_proof": False,
        "report_by": (NOON + 2 * HOUR).isoformat(),
        "portal_at": (NOON + 5 * HOUR).isoformat(),
        "backup": "lantern",
    }
    assert OutwardDelivery.objects.get().status == "waiting"


def test_the_other_firms_turn_is_told_when_it_begins() -> None:
    make_rule(hours=2, backup="platform", backup_hours=3)
    hear_events(make_platform())
    planned()
    take_over(NOON + 2 * HOUR)
    first, second = due()
    assert (first.data["responsible"], second.data["responsible"]) == ("harbour", "lantern")
    assert (second.data["report_by"], second.data["backup"]) == ((NOON + 5 * HOUR).isoformat(), None)


def test_what_a_firm_said_before_is_not_asked_of_it_again() -> None:
    make_rule()
    hear_events(make_bank())
    installment = due_in(3)
    report(installment, at=NOON - HOUR, stage=3)
    plan_upcoming(clock())
    assert duty_of(Prompt.objects.get()).status == Status.MET
    assert due() == []


def test_where_the_portal_sends_nobodys_turn_begins() -> None:
    hear_events(make_bank())
    planned()
    assert due() == []


@pytest.mark.parametrize("loans", [1, 6])
def test_many_turns_are_told_by_as_many_statements_as_one(
    django_assert_num_queries: DjangoAssertNumQueries, loans: int
) -> None:
    make_rule()
    hear_events(make_bank())
    for _ in range(loans):
        due_in(3)
    with django_assert_num_queries(33):
        assert plan_upcoming(clock()) == loans
    assert len(due()) == loans


@pytest.mark.parametrize("days", [3, 0])
def test_a_firm_that_reached_nobody_lets_the_portal_send_at_once(days: int) -> None:
    make_rule()
    hear_events(make_bank())
    prompt = planned(days)
    assert prompt.installment is not None
    at = NOON + timedelta(minutes=30)
    waits = prompt.look_again_at - prompt.tell_at
    assert claim("sms", at) == []
    assert report(prompt.installment, at=at, proof="failed") == ("applied", "")
    duty = duty_of(prompt)
    assert (duty.status, duty.settled_at, duty.portal_at, duty.why_late) == (
        *(Status.TAKEN_OVER, at, at, "not_reached"),
    )
    prompt.refresh_from_db()
    assert (prompt.status, prompt.tell_at, prompt.look_again_at) == ("active", at, at + waits)
    assert [told["why"] for told in taken_over()] == ["not_reached"]
    assert len(claim("sms", at)) == 1
    assert list(NoticeEvent.objects.filter(kind__startswith="firm_").values_list("kind", flat=True)) == ["firm_failed"]
    assert take_over(NOON + 6 * HOUR) == 0


def test_after_sent_a_firm_may_still_say_that_nobody_was_reached() -> None:
    make_rule()
    prompt = planned(0)
    assert prompt.installment is not None
    at = NOON + timedelta(minutes=20)
    assert report(prompt.installment, at=at) == ("applied", "")
    assert report(prompt.installment, at=at + timedelta(minutes=5), proof="failed") == ("applied", "")
    assert duty_of(prompt).why_late == "not_reached"
    assert len(claim("sms", at + timedelta(minutes=5))) == 1


@pytest.mark.parametrize(("proof", "answer"), [("accepted", "unchanged"), ("delivered", "applied")])
def test_failing_never_meets_a_duty_and_takes_none_back_after_which_a_stage_follows(proof: str, answer: str) -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    assert report(prompt.installment, proof=proof) == ("applied", "")
    assert report(prompt.installment, at=NOON + 2 * HOUR, proof="failed") == (answer, "")
    prompt.refresh_from_db()
    duty = duty_of(prompt)
    assert (duty.status, prompt.look_again_at) == (Status.MET, duty.stands_until)
    assert statuses(prompt) == {"cancelled"}
    assert NoticeEvent.objects.get(kind="firm_failed").data["counts"] is False


def test_the_firm_whose_turn_it_is_not_hands_nothing_back() -> None:
    make_rule(hours=2, backup="platform", backup_hours=3)
    prompt = planned()
    assert prompt.installment is not None
    assert report(prompt.installment, proof="failed", by=make_platform()) == ("unchanged", "")
    assert duty_of(prompt).status == Status.WAITING
    assert claim("sms", NOON + HOUR) == []


def test_before_the_plan_failing_is_on_record_and_the_firm_has_its_time() -> None:
    make_rule()
    installment = due_in(3)
    assert report(installment, at=NOON - HOUR, proof="failed", stage=3) == ("applied", "")
    plan_upcoming(clock())
    assert duty_of(Prompt.objects.get()).status == Status.WAITING


def test_what_is_told_together_is_handed_back_together() -> None:
    make_rule()
    hear_events(make_bank())
    loan = make_loan(make_borrower())
    first, _second = (make_installment(loan, due_on=TODAY + timedelta(days=3)) for _ in range(2))
    assert plan_upcoming(clock()) == 2
    at = NOON + HOUR
    push(make_bank(), [event_about(first, at=at, proof="failed")], at=at)
    apply_kept()
    assert list(Duty.objects.values_list("status", flat=True)) == [Status.TAKEN_OVER] * 2
    assert Delivery.objects.get(channel="sms").next_attempt_at == at
    assert len(claim("sms", at)) == 1
    assert [told["why"] for told in taken_over()] == ["not_reached", "told_together"]
    (score,) = read_scores(NOON + 5 * HOUR)
    assert (score.all, score.silent, score.no_proof, score.not_reached, score.taken_over) == (2, 0, 0, 2, 2)


def test_what_was_only_sent_and_is_handed_back_together_lacks_no_proof() -> None:
    make_rule(hours=1)
    rows = [make_installment(make_loan(borrower), due_on=TODAY) for borrower in [make_borrower()] * 2]
    plan_upcoming(clock())
    at = NOON + timedelta(minutes=10)
    assert report(rows[0], at=at) == ("applied", "")
    assert report(rows[1], at=at, proof="failed") == ("applied", "")
    assert duty_of(Prompt.objects.get(installment=rows[0])).why_late == "told_together"
    (score,) = read_scores(NOON + 5 * HOUR)
    assert (score.silent, score.no_proof, score.not_reached) == (0, 0, 2)
