"""What was planned for a channel or an address that is closed since does not go there."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from accounts.contact_points import mark_reached, mark_unreachable, set_contact_point
from accounts.models import Consent, ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Partner
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.claiming import Line
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Preference, Prompt
from notifications.preferences import set_channel
from notifications.resending import resend
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, word_these
from notifications.tests.test_races import at_once

pytestmark = pytest.mark.django_db
Close = Callable[[User], object]
PHONE = ContactPoint.Kind.PHONE
NEW_NUMBER = "+8613900000000"


def stop(user: User) -> None:
    set_channel(user, "sms", enabled=False, now=NOON, source=Consent.Source.REPLY)


def move_to(user: User, number: str) -> ContactPoint:
    return set_contact_point(user=user, kind=PHONE, address=number, source="owner")


def retire(user: User) -> None:
    ContactPoint.objects.filter(user=user, kind=PHONE).update(retired_at=NOON)


def lose(user: User) -> None:
    points = ContactPoint.objects.filter(user=user, kind=PHONE).values_list("pk", flat=True)
    mark_unreachable(list(points), reason="no such number", now=NOON)


def send() -> int:
    """As a worker does it. What is handed to nobody needs no provider."""
    return dispatch.dispatch("sms", clock=lambda: NOON)


def goes_out(delivery: Delivery) -> bool:
    worded, faults = word_these([delivery.pk], now=NOON)
    assert len(worded) + len(faults) == 1
    return bool(worded)


@pytest.mark.parametrize(
    ("close", "why"),
    [
        (stop, "the borrower has switched this channel off"),
        (lambda user: set_channel(user, "sms", enabled=False, now=NOON), "the borrower has switched this channel off"),
        (lambda user: move_to(user, NEW_NUMBER), "the address is not in use any more"),
        (retire, "the address is not in use any more"),
        (lose, "the address was called unreachable"),
    ],
    ids=["stop", "switched off", "replaced", "given up", "unreachable"],
)
@pytest.mark.parametrize("status", [Status.QUEUED, Status.RETRYING])
def test_what_waits_for_a_way_that_is_closed_since_fails_and_the_next_channel_is_tried_at_once(
    close: Close, why: str, status: Status
) -> None:
    later = NOON + timedelta(hours=4)
    sms = make_delivery(make_prompt(look_again_at=later), status=status)
    close(sms.prompt.borrower)
    assert send() == 0
    sms.refresh_from_db()
    assert (sms.status, sms.reason, sms.sent_at, sms.handed_at) == (Status.FAILED, why, None, None)
    assert climb(clock()) == 1
    assert Delivery.objects.get(channel="email").status == Status.QUEUED


def test_where_sms_was_the_last_way_a_person_takes_over_at_once() -> None:
    borrower = make_borrower(email=False)
    installment = make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
    make_delivery(make_prompt(installment, look_again_at=NOON + timedelta(hours=4)))
    stop(borrower)
    send()
    climb(clock())
    assert AgentTask.objects.get().borrower == borrower
    assert Prompt.objects.get().status == Prompt.Status.ESCALATED


def test_what_an_agent_sent_again_is_stopped_as_well_and_leaves_the_ladder_where_it_is() -> None:
    later = NOON + timedelta(hours=4)
    prompt = make_prompt(rung=2, look_again_at=later)
    make_delivery(prompt, "email", status=Status.SENT, sent_at=NOON)
    again = resend(prompt_id=prompt.pk, channel="sms", agent=make_agent(), now=NOON)
    stop(prompt.borrower)
    send()
    again.refresh_from_db()
    assert again.status == Status.FAILED
    climb(clock())
    assert set(prompt.deliveries.values_list("channel", "status")) == {("email", "sent"), ("sms", "failed")}
    assert AgentTask.objects.count() == 0


def test_an_agent_sends_it_again_to_the_new_number() -> None:
    sms = make_delivery()
    move_to(sms.prompt.borrower, NEW_NUMBER)
    send()
    again = resend(prompt_id=sms.prompt_id, channel="sms", agent=make_agent(), now=NOON)
    assert (again.address, goes_out(again)) == (NEW_NUMBER, True)


def test_a_channel_that_is_on_again_in_time_is_used() -> None:
    sms = make_delivery()
    stop(sms.prompt.borrower)
    set_channel(sms.prompt.borrower, "sms", enabled=True, now=NOON)
    assert goes_out(sms)


def test_a_number_at_which_something_arrived_meanwhile_is_used() -> None:
    sms = make_delivery()
    lose(sms.prompt.borrower)
    assert sms.contact_point_id is not None
    mark_reached([sms.contact_point_id])
    assert goes_out(sms)


def test_a_number_that_was_given_up_and_is_in_use_again_is_used() -> None:
    sms = make_delivery()
    move_to(sms.prompt.borrower, NEW_NUMBER)
    back = move_to(sms.prompt.borrower, sms.address)
    assert back.pk != sms.contact_point_id
    assert goes_out(sms)
    lose(sms.prompt.borrower)
    assert not goes_out(sms)


def test_a_number_that_only_another_firm_names_now_is_told_nothing_of_this_loan() -> None:
    sms = make_delivery()
    installment = sms.prompt.installment
    assert installment is not None
    another = Partner.objects.create(code="river", kind=Partner.Kind.BANK, name="River Bank")
    move_to(sms.prompt.borrower, NEW_NUMBER)
    back = move_to(sms.prompt.borrower, sms.address)
    ContactPoint.objects.filter(pk=back.pk).update(named_by=[another.pk])
    assert not goes_out(sms)
    ContactPoint.objects.filter(pk=back.pk).update(named_by=[installment.loan.bank_id])
    assert goes_out(sms)


def test_email_off_stops_no_sms_and_nothing_stops_what_lies_in_the_portal() -> None:
    sms = make_delivery()
    here = make_delivery(sms.prompt, "in_app")
    Preference.objects.create(user=sms.prompt.borrower, channel="email", enabled=False)
    assert goes_out(sms)
    stop(sms.prompt.borrower)
    retire(sms.prompt.borrower)
    assert goes_out(here)


def test_a_device_that_was_taken_away_shows_nothing_more() -> None:
    borrower = make_borrower()
    point = set_contact_point(user=borrower, kind=ContactPoint.Kind.PUSH, address="browser", source="owner")
    push = make_delivery(make_prompt(make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))), "push")
    assert (push.contact_point, goes_out(push)) == (point, True)
    ContactPoint.objects.filter(pk=point.pk).update(retired_at=NOON)
    assert not goes_out(push)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_prompt_that_somebody_else_is_writing_is_left_in_the_queue_and_not_waited_for() -> None:
    sms = make_delivery(make_prompt(look_again_at=NOON + timedelta(hours=4)))
    stop(sms.prompt.borrower)
    with transaction.atomic():
        Prompt.objects.select_for_update(no_key=True).get()
        [claimed] = at_once(lambda: dispatch._claim(Line("sms"), "kannel", 1, NOON, 10))
        sms.refresh_from_db()
        assert (claimed, sms.status) == (None, Status.QUEUED)
    assert send() == 0
    sms.refresh_from_db()
    assert sms.status == Status.FAILED
