"""Ladders climbed on real rows."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.models import ContactPoint
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from loans.outages import declare_outage
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import ladder
from notifications.agent_tasks import finish
from notifications.clock import Clock
from notifications.coverage import check_coverage
from notifications.escalation import AFTER_A_FAULT, climb
from notifications.halting import halt, lift
from notifications.models import AgentTask, Delivery, NoticeEvent, Preference, Prompt
from notifications.placing import place
from notifications.planning import plan_overdue
from notifications.states import Status, Step, advance
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, rung_of

pytestmark = pytest.mark.django_db
Channel = Delivery.Channel
SHANGHAI = ZoneInfo("Asia/Shanghai")


def fail(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.SENT)
    advance([Step(delivery_id=delivery.pk, to=Status.FAILED)], now=NOON)


def news_for_nobody(*, in_portal: str) -> Delivery:
    """Of an outage, for somebody without any channel: the message in the portal."""
    make_installment(make_loan(make_borrower(phone=False, email=False)), due_on=TODAY)
    declare_outage(make_bank(), starts_at=NOON - timedelta(days=1), now=NOON, reason="Down.")
    Prompt.objects.update(look_again_at=NOON)
    Delivery.objects.update(status=in_portal, next_attempt_at=NOON)
    return Delivery.objects.get(channel=Channel.IN_APP)


def test_a_dead_phone_moves_the_prompt_to_email_at_once() -> None:
    fail(make_delivery())
    assert climb(clock()) == 1
    email = Delivery.objects.get(channel=Channel.EMAIL)
    assert (email.status, email.rung, email.next_attempt_at) == (Status.QUEUED, 2, NOON)
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.MOVED).count() == 1
    prompt = Prompt.objects.get()
    assert (prompt.status, prompt.rung) == (Prompt.Status.ACTIVE, 2)


def test_a_borrower_whom_no_channel_reached_goes_to_a_person_before_the_due_date() -> None:
    sms = make_delivery()
    fail(sms)
    climb(clock())
    fail(Delivery.objects.get(channel=Channel.EMAIL))
    climb(clock())
    task = AgentTask.objects.get()
    assert task.borrower == sms.prompt.borrower
    assert task.act_by > NOON
    assert task.act_by.date() < date(2026, 11, 25)
    assert Prompt.objects.get().status == Prompt.Status.ESCALATED


def test_a_channel_that_is_off_is_not_climbed_to() -> None:
    sms = make_delivery()
    Preference.objects.create(user=sms.prompt.borrower, channel=Channel.EMAIL, enabled=False)
    fail(sms)
    climb(clock())
    climb(clock())
    assert not Delivery.objects.filter(channel=Channel.EMAIL).exists()
    assert AgentTask.objects.count() == 1


def test_a_move_at_night_is_held_until_morning() -> None:
    fail(make_delivery())
    night = NOON.replace(hour=18)
    climb(clock(night))
    assert Delivery.objects.get(channel=Channel.EMAIL).next_attempt_at == NOON + timedelta(hours=20)


def test_a_move_of_what_is_late_is_held_even_where_the_night_is_longer_than_its_time() -> None:
    """The clocks of New York go back on 1 November 2026."""
    zone = ZoneInfo("America/New_York")
    borrower = make_borrower(time_zone=zone.key, jurisdiction="us")
    make_installment(make_loan(borrower), due_on=date(2026, 10, 30))
    plan_overdue(Clock(datetime(2026, 10, 31, 0, 1, tzinfo=zone)))
    fail(Delivery.objects.get(channel=Channel.SMS))
    Prompt.objects.update(deadline=datetime(2026, 11, 1, 7, 0, tzinfo=zone))
    climb(Clock(datetime(2026, 10, 31, 21, 5, tzinfo=zone)))
    moved = Delivery.objects.get(channel=Channel.EMAIL)
    assert moved.next_attempt_at == datetime(2026, 11, 1, 8, 0, tzinfo=zone)
    assert moved.held_by.startswith("us/collection/hours/")


def test_a_delivery_that_needs_no_answer_ends_the_ladder() -> None:
    prompt = make_prompt(kind=Prompt.Kind.PAYMENT_SETTLED)
    make_delivery(prompt, Channel.EMAIL, status=Status.DELIVERED)
    climb(clock())
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.TOLD


def test_news_that_reached_nobody_stay_in_the_portal_and_call_no_person() -> None:
    news_for_nobody(in_portal=Status.SENT)
    climb(clock())
    assert Prompt.objects.get().status == Prompt.Status.CANCELLED
    assert not AgentTask.objects.exists()


def test_what_still_waits_of_news_that_are_given_up_is_taken_back() -> None:
    """A halt holds the mail, and the text message has failed."""
    make_installment(make_loan(), due_on=TODAY)
    declare_outage(make_bank(), starts_at=NOON - timedelta(days=1), now=NOON, reason="Down.")
    prompt = Prompt.objects.get()
    Delivery.objects.filter(channel=Channel.IN_APP).update(status=Status.SENT)
    make_delivery(prompt, status=Status.FAILED)
    Prompt.objects.update(rung=rung_of(prompt.kind, Channel.SMS), look_again_at=NOON)
    halt(channel=Channel.EMAIL, reason="The wording is wrong.", by=None, now=NOON)
    climb(clock())
    assert Prompt.objects.get().status == Prompt.Status.CANCELLED
    email = Delivery.objects.get(channel=Channel.EMAIL)
    assert (email.status, email.reason) == (Status.CANCELLED, ladder.NO_CHANNEL_LEFT)


def test_news_are_not_given_up_before_they_lie_in_the_portal() -> None:
    message = news_for_nobody(in_portal=Status.QUEUED)
    stopped = halt(reason="The wording is wrong.", by=None, now=NOON)
    for minutes in (0, 10, 600):
        climb(clock(NOON + timedelta(minutes=minutes)))
        assert place(clock=lambda: NOON, longest=1) == 0
        assert Prompt.objects.get().status == Prompt.Status.ACTIVE
    lift(stopped.pk, by=None, now=NOON)
    assert place(clock=lambda: NOON, longest=1) == 1
    message.refresh_from_db()
    assert (message.status, message.facts is not None) == (Status.SENT, True)
    climb(clock(NOON + timedelta(hours=11)))
    assert Prompt.objects.get().reason.endswith("waits in the portal")


def test_news_that_do_not_even_lie_in_the_portal_go_to_a_person() -> None:
    news_for_nobody(in_portal=Status.FAILED)
    climb(clock())
    assert Prompt.objects.get().status == Prompt.Status.ESCALATED
    assert AgentTask.objects.get().kind == AgentTask.Kind.UNREACHABLE


def test_silence_until_the_deadline_calls_a_person_even_while_messages_are_on_their_way() -> None:
    prompt = make_prompt(make_installment(due_on=TODAY + timedelta(days=1)), stage=1)
    make_delivery(prompt, status=Status.SENT, sent_at=NOON)
    climb(clock(NOON + timedelta(hours=1)))
    assert not AgentTask.objects.exists()
    looks_again = Prompt.objects.get().look_again_at
    assert looks_again == NOON + timedelta(hours=2)
    climb(clock(looks_again))
    assert AgentTask.objects.get().act_by > looks_again


def test_a_person_is_asked_to_act_on_a_day_on_which_people_work() -> None:
    """What fails on Sunday and falls due on Monday is for Monday."""
    prompt = make_prompt(make_installment(due_on=TODAY + timedelta(days=1)), stage=1, deadline=NOON)
    make_delivery(prompt, status=Status.SENT, sent_at=NOON)
    climb(clock(NOON))
    assert AgentTask.objects.get().act_by == NOON + timedelta(days=1, hours=10)


@pytest.mark.parametrize(
    ("failed_at", "until"),
    [
        (datetime(2026, 11, 24, 21, 50, tzinfo=SHANGHAI), datetime(2026, 11, 25, 22, 0, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 27, 21, 50, tzinfo=SHANGHAI), datetime(2026, 11, 30, 22, 0, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 28, 8, 5, tzinfo=SHANGHAI), datetime(2026, 11, 30, 22, 0, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 30, 3, 0, tzinfo=SHANGHAI), datetime(2026, 11, 30, 22, 0, tzinfo=SHANGHAI)),
        (datetime(2026, 9, 30, 19, 0, tzinfo=SHANGHAI), datetime(2026, 10, 8, 22, 0, tzinfo=SHANGHAI)),
    ],
    ids=["in the evening", "on Friday evening", "on Saturday", "before dawn", "before a long holiday"],
)
@pytest.mark.parametrize("kind", [Prompt.Kind.OVERDUE, Prompt.Kind.SCHEDULE_CHANGED, Prompt.Kind.PRIOR_NOTICE])
def test_what_comes_to_a_person_in_the_night_or_on_a_free_day_has_a_working_day(
    kind: str, failed_at: datetime, until: datetime
) -> None:
    borrower = make_borrower(email=False, jurisdiction="cn")
    row = make_installment(make_loan(borrower), due_on=failed_at.date() - timedelta(days=1))
    fail(make_delivery(make_prompt(row, kind=kind, stage=1 if kind == "overdue" else 0)))
    Prompt.objects.update(look_again_at=failed_at, rung=rung_of(kind, Channel.SMS))
    climb(clock(failed_at))
    task = AgentTask.objects.get()
    assert task.act_by == until
    morning = until.replace(hour=9)
    tried = finish(task_id=task.pk, agent=make_agent(), outcome="not_reached", note="No answer.", now=morning)
    assert tried.status == "open"


def test_climbing_twice_changes_nothing() -> None:
    fail(make_delivery())
    climb(clock())
    assert climb(clock()) == 0
    assert Delivery.objects.count() == 2


def test_a_new_phone_number_given_meanwhile_is_the_one_that_is_used() -> None:
    prompt = make_prompt(kind=Prompt.Kind.PAYMENT_SETTLED)
    fail(make_delivery(prompt, Channel.EMAIL))
    borrower = prompt.borrower
    ContactPoint.objects.filter(user=borrower, kind="phone").update(retired_at=NOON)
    ContactPoint.objects.create(user=borrower, kind="phone", address="+8613900000000", source="owner")
    climb(clock())
    assert Delivery.objects.get(channel=Channel.SMS).address == "+8613900000000"


def test_one_ladder_that_cannot_be_looked_at_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (make_prompt(look_again_at=NOON - timedelta(minutes=minutes)) for minutes in (2, 1))
    for prompt in (first, second):
        make_delivery(prompt, status="failed")
    decide = ladder.decide

    def stumbling(course: ladder.Course, **how: Any) -> ladder.Decision:
        if not stumbled:
            stumbled.append(True)
            raise IndexError("our own fault")
        return decide(course, **how)

    stumbled: list[bool] = []
    monkeypatch.setattr(ladder, "decide", stumbling)
    assert climb(clock()) == 2
    first.refresh_from_db()
    assert (first.status, first.look_again_at) == ("active", NOON + AFTER_A_FAULT)
    assert NoticeEvent.objects.get(kind="moved").prompt_id == second.pk


def test_a_ladder_that_cannot_be_looked_at_covers_nobody_until_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=1))
    Installment.objects.update(known_at=NOON - timedelta(days=9))
    prompt = make_prompt(row, stage=1, look_again_at=NOON)
    make_delivery(prompt, status="sent", sent_at=NOON)

    def broken(*_args: Any, **_how: Any) -> ladder.Decision:
        raise IndexError("our own fault")

    with monkeypatch.context() as fault:
        fault.setattr(ladder, "decide", broken)
        assert climb(clock()) == 1
    assert check_coverage(clock(NOON + timedelta(minutes=1))) == 1
    later = NOON + AFTER_A_FAULT
    assert climb(clock(later)) == 1
    prompt.refresh_from_db()
    assert (prompt.reason, check_coverage(clock(later))) == ("", 0)
