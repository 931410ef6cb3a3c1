"""A firm's report, a worker that claims, and the sweep that takes over: at the same moment, on real connections."""

from datetime import datetime, timedelta
from threading import Event as Moment

import pytest
from django.db import connection, transaction

from accounts.tests.factories import make_agent, make_borrower
from loans.intake.events.sweep import apply_kept
from loans.models import Dispute, Event
from loans.tests.disputes import write_dispute
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import claiming
from notifications.cancellation import cancel_disputed
from notifications.claiming import Line, holding
from notifications.composing import word
from notifications.demanding_again import demand_again
from notifications.models import Delivery, Duty, NoticeEvent, Prompt
from notifications.named import named
from notifications.planning import plan_overdue, plan_upcoming
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import HOUR, due_in, event_about, make_rule, push
from notifications.tests.peers import wait_until
from notifications.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def test_a_report_that_is_applied_while_the_message_is_claimed_ends_it_or_leaves_it_never_both() -> None:
    """It had come in time: the firm has told in either case."""
    make_rule()
    for _ in range(6):
        installment = due_in(3)
        plan_upcoming(clock())
        prompt = Prompt.objects.get(installment=installment)
        push(make_bank(), [event_about(installment, at=NOON + HOUR)], at=NOON + HOUR)
        claimed, _applied = at_once(lambda: claim("sms", now=NOON + 4 * HOUR), lambda: [apply_kept()])
        prompt.refresh_from_db()
        outcome = Event.objects.latest("pk")
        sms = Delivery.objects.get(prompt=prompt, channel="sms")
        assert (outcome.status, prompt.duty.status) == ("applied", "met")
        told = (Prompt.Status.ACTIVE, "sending") if claimed else (Prompt.Status.FIRM_TOLD, "cancelled")
        assert (prompt.status, sms.status) == told


def test_a_report_about_one_of_two_while_their_message_is_claimed_leaves_the_other_alone_or_both() -> None:
    make_rule()
    at = NOON + 4 * HOUR
    for _ in range(6):
        loan = make_loan(make_borrower())
        first, second = (make_installment(loan, due_on=TODAY + timedelta(days=3)) for _place in range(2))
        plan_upcoming(clock())
        push(make_bank(), [event_about(first, at=NOON + HOUR)], at=NOON + HOUR)
        ids, _applied = at_once(lambda: send("sms", at), lambda: [apply_kept()])
        ids = ids or send("sms", at)
        assert Event.objects.latest("pk").status == "applied"
        told_by_firm = Prompt.objects.get(installment=first).status == Prompt.Status.FIRM_TOLD
        assert set(ids) == ({second.pk} if told_by_firm else {first.pk, second.pk})


def send(channel: str, now: datetime) -> list[int]:
    """What a worker takes, words and claims, in one transaction; the installments that are named."""
    with holding() as holder, transaction.atomic():
        worded, _steps = word(Line(Delivery.Channel(channel)).tellings(now=now, limit=9), now=now)
        claiming.claim([one.kept for one in worded], holder=holder, provider="", now=now)
    rows = Delivery.objects.filter(pk__in=[one.kept.delivery_id for one in worded]).select_related("prompt")
    return [pk for delivery in rows for pk in named(delivery)]


def test_two_reports_about_one_message_at_once_leave_nothing_of_it() -> None:
    make_rule()
    for _ in range(6):
        borrower = make_borrower()
        rows = [make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3)) for _place in range(2)]
        plan_upcoming(clock())
        for row in rows:
            push(make_bank(), [event_about(row, at=NOON + HOUR)], at=NOON + HOUR)
        at_once(lambda: apply_kept(1), lambda: apply_kept(1))
        prompts = Prompt.objects.filter(borrower=borrower)
        assert set(prompts.values_list("status", flat=True)) == {Prompt.Status.FIRM_TOLD}
        assert set(Delivery.objects.filter(prompt__in=prompts).values_list("status", flat=True)) == {"cancelled"}


def test_a_word_that_is_taken_back_twice_at_once_is_told_once() -> None:
    make_rule(hours=1)
    for _ in range(4):
        installment = due_in(0)
        plan_upcoming(clock())
        at = NOON + timedelta(minutes=10)
        push(make_bank(), [event_about(installment, at=at, proof="delivered")], at=at)
        apply_kept()
        for minutes in (1, 2):
            later = at + timedelta(minutes=minutes)
            push(make_bank(), [event_about(installment, at=later, proof="failed")], at=later)
        at_once(lambda: apply_kept(1), lambda: apply_kept(1))
        prompt = Prompt.objects.get(installment=installment)
        assert prompt.status == Prompt.Status.ACTIVE
        assert NoticeEvent.objects.filter(kind="taken_over", prompt_id=prompt.pk).count() == 1
        assert Delivery.objects.filter(prompt=prompt, channel="sms", status="queued").count() == 1


def test_a_report_and_the_take_over_at_once_agree_that_the_firm_told() -> None:
    make_rule()
    for _ in range(6):
        installment = due_in(3)
        plan_upcoming(clock())
        prompt = Prompt.objects.get(installment=installment)
        push(make_bank(), [event_about(installment, at=NOON + HOUR)], at=NOON + HOUR)
        at_once(lambda: take_over(NOON + 4 * HOUR), apply_kept)
        prompt.refresh_from_db()
        assert (Duty.objects.get(prompt=prompt).status, prompt.status) == (Duty.Status.MET, Prompt.Status.FIRM_TOLD)
        assert Event.objects.latest("pk").status == "applied"
        assert NoticeEvent.objects.filter(kind="taken_over", prompt_id=prompt.pk).count() <= 1


def test_two_sweeps_take_a_prompt_over_once() -> None:
    make_rule()
    for _ in range(5):
        due_in(3)
    plan_upcoming(clock())
    looked_at = at_once(*[lambda: take_over(NOON + 4 * HOUR)] * 3)
    assert sum(looked_at) == NoticeEvent.objects.filter(kind="taken_over").count() == 5


def test_the_same_words_in_two_messages_at_once_count_once() -> None:
    make_rule()
    installment = due_in(3)
    plan_upcoming(clock())
    for _ in range(3):
        push(make_bank(), [event_about(installment, at=NOON + HOUR)], at=NOON + HOUR)
    at_once(*[lambda: apply_kept(1)] * 3)
    assert sorted(Event.objects.values_list("status", flat=True)) == ["applied", "unchanged", "unchanged"]
    assert NoticeEvent.objects.filter(kind="firm_told").count() == 1


def waits_for(other: Moment) -> bool:
    """The other has come to its end, or waits for a lock that one of us holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return other.is_set() or cursor.fetchone()[0] > 0


def test_a_report_that_comes_while_its_prompt_is_being_planned_counts() -> None:
    make_rule()
    installment = due_in(3)
    push(make_bank(), [event_about(installment, at=NOON)], at=NOON)
    planned, heard = Moment(), Moment()

    def plan() -> None:
        with transaction.atomic():
            plan_upcoming(clock())
            planned.set()
            wait_until("the report was heard or waited", lambda: waits_for(heard))

    def hear() -> None:
        assert planned.wait(10)
        apply_kept()
        heard.set()

    at_once(plan, hear)
    assert Duty.objects.get().status == Duty.Status.MET
    assert Prompt.objects.get().status == Prompt.Status.FIRM_TOLD


def test_a_prompt_that_is_planned_while_a_report_about_it_is_being_taken_is_told_by_the_firm() -> None:
    make_rule()
    installment = due_in(3)
    push(make_bank(), [event_about(installment, at=NOON)], at=NOON)
    kept, planned = Moment(), Moment()

    def hear() -> None:
        with transaction.atomic():
            apply_kept()
            kept.set()
            wait_until("it was planned or the planner waited", lambda: waits_for(planned))

    def plan() -> None:
        assert kept.wait(10)
        plan_upcoming(clock())
        planned.set()

    at_once(hear, plan)
    assert Duty.objects.get().status == Duty.Status.MET
    assert Prompt.objects.get().status == Prompt.Status.FIRM_TOLD


def test_what_is_rejected_while_a_report_that_it_was_told_is_being_taken_is_not_demanded_again() -> None:
    make_rule(kind="overdue")
    row = due_in(-7)
    plan_overdue(clock())
    about = write_dispute(row)
    cancel_disputed(about.pk, now=NOON + HOUR)
    said = {"kind": "overdue", "stage": 7, "proof": "delivered"}
    push(make_bank(), [event_about(row, at=NOON, **said)], at=NOON + HOUR)
    kept, decided = Moment(), Moment()

    def hear() -> None:
        with transaction.atomic():
            apply_kept()
            kept.set()
            wait_until("it was decided or the decision waited", lambda: waits_for(decided))

    def decide() -> None:
        assert kept.wait(10)
        with transaction.atomic():
            rejected = {"status": "decided", "decision": "rejected", "decided_at": NOON + 2 * HOUR}
            Dispute.objects.filter(pk=about.pk).update(decided_by=make_agent(), **rejected)
            demand_again(about.pk, clock(NOON + 2 * HOUR))
        decided.set()

    at_once(hear, decide)
    assert Event.objects.get().code == "too_late"
    assert list(Prompt.objects.values_list("stage", "status")) == [(7, Prompt.Status.CANCELLED)]
