"""Prompts that a firm has to send: held for it, ended by its word, sent by the portal where it keeps silent."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts.tests.factories import make_borrower
from loans.intake.events.sweep import apply_kept
from loans.models import Installment, OutwardEvent
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear as hear_events
from notifications import tasks
from notifications.coverage import check_coverage
from notifications.escalation import climb
from notifications.models import Delivery, Duty, FirmTelling, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import HOUR, due_in, duty_of, event_about, make_rule, planned, push, report, statuses

pytestmark = pytest.mark.django_db
Status = Duty.Status
APPLIED, UNCHANGED = ("applied", ""), ("unchanged", "")
AT_FOUR = NOON + 4 * HOUR


def test_without_a_rule_the_portal_sends_at_once() -> None:
    prompt = planned()
    assert prompt.tell_at == NOON
    assert not Duty.objects.exists()
    assert len(claim("sms")) == 1


def test_what_a_firm_has_to_send_is_planned_and_held_until_its_time_is_over() -> None:
    make_rule()
    prompt = planned()
    duty = duty_of(prompt)
    assert (duty.status, duty.responsible.code, duty.backup) == (Status.WAITING, "harbour", None)
    assert duty.report_by == duty.portal_at == duty.due_at == prompt.tell_at == AT_FOUR
    assert set(Delivery.objects.values_list("next_attempt_at", "held_by")) == {(AT_FOUR, "firm:harbour")}
    assert prompt.look_again_at == AT_FOUR + 4 * HOUR
    assert claim("sms", AT_FOUR - timedelta(seconds=1)) == claim("in_app", AT_FOUR - timedelta(seconds=1)) == []
    planned_event = NoticeEvent.objects.get(kind="planned")
    assert planned_event.data["responsible"] == "harbour"
    assert datetime.fromisoformat(planned_event.data["report_by"]) == AT_FOUR


def test_a_held_prompt_counts_as_coverage() -> None:
    make_rule()
    installment = due_in(3)
    Installment.objects.filter(pk=installment.pk).update(known_at=NOON - timedelta(days=1))
    plan_upcoming(clock())
    assert check_coverage(clock(NOON + 3 * HOUR)) == 0


def test_a_report_in_time_ends_the_prompt_as_told_by_that_firm() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    assert report(prompt.installment) == APPLIED
    prompt.refresh_from_db()
    duty = duty_of(prompt)
    assert (prompt.status, prompt.reason) == (Prompt.Status.FIRM_TOLD, "told by a firm")
    assert (duty.status, duty.settled_at) == (Status.MET, NOON + HOUR)
    assert statuses(prompt) == {"cancelled"}
    assert claim("sms", AT_FOUR) == claim("in_app", AT_FOUR) == []
    assert climb(clock(AT_FOUR + 5 * HOUR)) == 0
    told = NoticeEvent.objects.get(kind="firm_told")
    assert told.prompt_id == prompt.pk
    assert (told.data["firm"], told.data["proof"], told.data["counts"]) == ("harbour", "accepted", True)
    assert not NoticeEvent.objects.filter(kind__in=["delivered", "acknowledged"]).exists()


def test_what_was_only_sent_covers_until_the_next_stage_begins_which_is_planned() -> None:
    make_rule()
    prompt = planned(3)
    assert prompt.installment is not None
    Installment.objects.update(known_at=NOON - timedelta(days=1))
    report(prompt.installment)
    begins = datetime(2026, 11, 23, 16, tzinfo=UTC)  # midnight in Shanghai, a day before the due date
    prompt.refresh_from_db()
    assert prompt.look_again_at == begins
    assert check_coverage(clock(begins - HOUR)) == 0
    assert check_coverage(clock(begins + HOUR)) == 1
    assert plan_upcoming(clock(begins + HOUR)) == 1
    assert check_coverage(clock(begins + HOUR)) == 0


def test_what_arrived_covers_for_good_also_when_that_is_said_later() -> None:
    make_rule()
    prompt = planned(3)
    assert prompt.installment is not None
    Installment.objects.update(known_at=NOON - timedelta(days=1))
    report(prompt.installment)
    assert report(prompt.installment, at=NOON + 2 * HOUR, proof="delivered") == APPLIED
    assert check_coverage(clock(NOON + timedelta(days=2, hours=1))) == 0
    duty = duty_of(prompt)
    assert duty.telling is not None
    assert duty.telling.proof == "delivered"
    assert NoticeEvent.objects.filter(kind="firm_told").count() == 2


@pytest.mark.parametrize("days", [1, 0])
def test_no_later_stage_makes_good_what_never_arrived_so_sent_alone_does_not_hold_the_portal(days: int) -> None:
    make_rule(hours=1)
    prompt = planned(days)
    assert prompt.installment is not None
    assert report(prompt.installment, at=NOON + timedelta(minutes=10)) == APPLIED
    prompt.refresh_from_db()
    duty = duty_of(prompt)
    assert (prompt.status, duty.status) == (Prompt.Status.ACTIVE, Status.WAITING)
    assert NoticeEvent.objects.get(kind="firm_told").data["counts"] is False
    assert take_over(duty.due_at) == 1
    assert (duty_of(prompt).status, duty_of(prompt).why_late) == (Status.TAKEN_OVER, "no_proof")
    assert len(claim("sms", duty.portal_at)) == 1


@pytest.mark.parametrize("proof", ["delivered", "seen", "acknowledged"])
def test_that_it_arrived_ends_the_last_stage_too(proof: str) -> None:
    make_rule(hours=1)
    prompt = planned(1)
    assert prompt.installment is not None
    at = NOON + timedelta(minutes=10)
    assert report(prompt.installment, at=at) == APPLIED
    assert report(prompt.installment, at=at + timedelta(minutes=1), proof=proof) == APPLIED
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.FIRM_TOLD
    assert not hasattr(prompt, "acknowledgement")


def test_a_firm_gets_at_most_half_of_the_time_until_a_person_takes_over() -> None:
    make_rule(hours=12)
    prompt = planned(0)  # at noon of the due day, when a person would have it in two hours
    assert prompt.deadline == NOON + 2 * HOUR
    assert prompt.tell_at == NOON + HOUR


def test_a_firm_that_keeps_silent_is_taken_over_from_and_told_so() -> None:
    make_rule()
    hear_events(make_bank())
    prompt = planned()
    assert take_over(AT_FOUR - timedelta(seconds=1)) == 0
    assert len(claim("sms", AT_FOUR)) == 1
    assert take_over(AT_FOUR) == 1
    assert take_over(AT_FOUR) == 0
    duty = duty_of(prompt)
    assert (duty.status, duty.settled_at, duty.why_late) == (Status.TAKEN_OVER, AT_FOUR, "silent")
    told = OutwardEvent.objects.get(kind__startswith="prompt.taken")
    assert (told.kind, told.subject) == ("prompt.taken_over", f"prompt:{prompt.pk}:portal")
    said = {name: told.data[name] for name in ("responsible", "sender", "why", "kind", "stage", "report_by")}
    assert said == {
        "responsible": "harbour",
        "sender": "portal",
        "why": "silent",
        "kind": "upcoming",
        "stage": 3,
        "report_by": AT_FOUR.isoformat(),
    }
    recorded = NoticeEvent.objects.get(kind="taken_over")
    assert (recorded.prompt_id, recorded.data) == (prompt.pk, {"firm": "harbour", "why": "silent"})


def test_a_report_after_the_portal_has_sent_is_kept_as_too_late() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    assert len(claim("sms", AT_FOUR)) == 1
    assert report(prompt.installment, at=AT_FOUR + HOUR) == ("kept", "too_late")
    assert take_over(AT_FOUR + HOUR) == 1
    assert report(prompt.installment, at=AT_FOUR + 2 * HOUR, proof="delivered") == ("kept", "too_late")
    assert duty_of(prompt).status == Status.TAKEN_OVER
    assert [event.data["counts"] for event in NoticeEvent.objects.filter(kind="firm_told")] == [False, False]


def test_after_a_day_on_which_nothing_ran_what_the_firm_reported_still_counts() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    push(make_bank(), [event_about(prompt.installment, at=NOON + HOUR)], at=NOON + HOUR)
    assert report(prompt.installment, at=NOON + timedelta(days=1), proof="delivered") == APPLIED
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.FIRM_TOLD
    assert take_over(NOON + timedelta(days=1)) == 0


def test_after_a_day_on_which_nothing_ran_the_portal_sends_at_once() -> None:
    make_rule()
    prompt = planned()
    tomorrow = NOON + timedelta(days=1)
    assert len(claim("sms", tomorrow)) == 1
    assert take_over(tomorrow) == 1
    assert duty_of(prompt).status == Status.TAKEN_OVER


def test_the_same_report_twice_changes_nothing() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    assert report(prompt.installment) == APPLIED
    assert report(prompt.installment) == UNCHANGED
    assert FirmTelling.objects.count() == NoticeEvent.objects.filter(kind="firm_told").count() == 1


def test_a_report_that_comes_before_planning_counts_when_it_is_planned() -> None:
    make_rule()
    installment = due_in(3)
    assert report(installment, at=NOON - HOUR) == APPLIED
    plan_upcoming(clock())
    prompt = Prompt.objects.get()
    assert (prompt.status, duty_of(prompt).status) == (Prompt.Status.FIRM_TOLD, Status.MET)
    assert claim("sms", AT_FOUR) == []


def test_a_report_about_an_earlier_stage_does_not_count_for_a_later_one() -> None:
    make_rule(valid_from=NOON - timedelta(days=9))
    installment = due_in(3)
    assert report(installment, at=NOON - timedelta(days=2), stage=7) == APPLIED
    assert report(installment, at=NOON - timedelta(days=2)) == APPLIED
    plan_upcoming(clock())
    assert Prompt.objects.get().status == Prompt.Status.ACTIVE


def test_a_stage_that_is_named_may_be_told_a_day_early() -> None:
    make_rule()
    installment = due_in(3)
    report(installment, at=NOON - timedelta(hours=20), stage=3)
    plan_upcoming(clock())
    assert Prompt.objects.get().status == Prompt.Status.FIRM_TOLD


def test_what_was_sent_before_the_figures_changed_does_not_count() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    Installment.objects.update(version=2, known_at=NOON + 2 * HOUR)
    assert plan_upcoming(clock(NOON + 2 * HOUR)) == 1
    report(prompt.installment, at=NOON + HOUR)
    assert Prompt.objects.get(version=2).status == Prompt.Status.ACTIVE
    assert report(prompt.installment, at=NOON + 3 * HOUR) == APPLIED
    assert Prompt.objects.get(version=2).status == Prompt.Status.FIRM_TOLD


def test_another_firm_than_the_responsible_one_changes_nothing() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    assert report(prompt.installment, by=make_platform()) == ("kept", "not_responsible")
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.ACTIVE


def test_a_firm_that_is_not_responsible_is_told_so_and_is_on_record() -> None:
    prompt = planned()
    assert prompt.installment is not None
    assert report(prompt.installment) == ("kept", "not_responsible")
    assert NoticeEvent.objects.get(kind="firm_told").installment_id == prompt.installment_id
    assert len(claim("sms")) == 1


def test_what_is_paid_needs_no_report() -> None:
    make_rule()
    installment = due_in(3)
    Installment.objects.update(state="awaiting_bank")
    assert report(installment) == ("kept", "not_needed")


def test_a_report_from_the_future_is_refused() -> None:
    make_rule()
    prompt = planned()
    assert prompt.installment is not None
    event = event_about(prompt.installment, at=NOON)
    event["data"]["sent_at"] = (NOON + HOUR).isoformat()
    kept = push(make_bank(), [event], at=NOON)
    apply_kept()
    kept.refresh_from_db()
    assert [refusal["code"] for refusal in kept.refusals] == ["date"]
    assert not FirmTelling.objects.exists()


def test_a_firm_that_keeps_silent_about_one_whom_no_channel_reaches_is_on_record_for_it() -> None:
    make_rule()
    hear_events(make_bank())
    installment = make_installment(make_loan(make_borrower(phone=False, email=False)), due_on=TODAY + timedelta(days=3))
    assert plan_upcoming(clock()) == 1
    prompt = Prompt.objects.get(installment=installment)
    with time_machine.travel(AT_FOUR, tick=False):
        tasks.climb_ladders()
    prompt.refresh_from_db()
    assert (prompt.status, duty_of(prompt).status) == ("escalated", Status.TAKEN_OVER)
    assert not OutwardEvent.objects.filter(kind="prompt.withdrawn").exists()
