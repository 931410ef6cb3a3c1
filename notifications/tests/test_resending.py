"""An agent sends a prompt again: beside the ladder, within the hours, and never where it would be a doubled demand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Dispute, Installment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications import ladder
from notifications.escalation import climb
from notifications.ladder import OFF_THE_LADDER
from notifications.models import Delivery, NoticeEvent, Preference, Prompt
from notifications.resending import CannotResendError, resend
from notifications.states import Status, Step, advance
from notifications.tests.factories import NOON, TODAY, claim, clock, make_delivery, make_prompt
from notifications.tests.test_races import at_once

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=3)


@pytest.fixture
def agent() -> User:
    return make_agent()


def again(prompt: Prompt, agent: User, channel: str = "sms", now: datetime = LATER) -> Delivery:
    return resend(prompt_id=prompt.pk, channel=channel, agent=agent, now=now)


def test_it_queues_one_more_delivery_to_the_live_contact_point_and_records_who_did_it(agent: User) -> None:
    first = make_delivery(status=Status.SENT, sent_at=NOON)
    borrower = first.prompt.borrower
    old = ContactPoint.objects.get(user=borrower, kind="phone")
    ContactPoint.objects.filter(pk=old.pk).update(retired_at=NOON)
    new = ContactPoint.objects.create(user=borrower, kind="phone", address="+8613900000000", source="owner")
    delivery = again(first.prompt, agent)
    assert (delivery.channel, delivery.ordinal, delivery.status) == ("sms", 1, Status.QUEUED)
    assert (delivery.contact_point, delivery.address) == (new, "+8613900000000")
    assert delivery.next_attempt_at == LATER
    event = NoticeEvent.objects.get(kind=NoticeEvent.Kind.RESENT)
    assert (event.actor_id, event.delivery_id, event.prompt_id) == (agent.pk, delivery.pk, first.prompt_id)
    assert event.data == {"channel": "sms"}
    assert claim("sms", now=LATER) == [delivery.pk]


def test_at_night_it_is_held_until_the_borrowers_hours_open(agent: User) -> None:
    night = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    delivery = again(make_prompt(), agent, now=night)
    assert delivery.next_attempt_at == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def test_ordinals_go_on_and_leave_the_first_to_the_ladder(agent: User) -> None:
    prompt = make_prompt()
    first = again(prompt, agent, "email")
    advance_to_sent(first)
    second = again(prompt, agent, "email", now=LATER + timedelta(hours=2))
    assert [first.ordinal, second.ordinal] == [1, 2]


def advance_to_sent(delivery: Delivery) -> None:
    claim(delivery.channel, now=LATER)
    advance([Step(delivery_id=delivery.pk, to=Status.SENT)], now=LATER)


def test_the_ladder_neither_waits_for_it_nor_takes_it_for_its_own(agent: User) -> None:
    prompt = make_prompt(rung=1, look_again_at=LATER)
    make_delivery(prompt, "sms", status=Status.FAILED)
    again(prompt, agent, "email")
    climb(clock(LATER))
    prompt.refresh_from_db()
    own = prompt.deliveries.get(channel="email", ordinal=0)
    assert (prompt.rung, own.rung, own.status) == (2, 2, Status.QUEUED)
    assert prompt.status == Prompt.Status.ACTIVE


def test_it_stands_above_every_ladder() -> None:
    assert all(len(steps.rungs) < OFF_THE_LADDER for steps in ladder.LADDERS.values())


def test_if_it_arrives_the_prompt_is_told(agent: User) -> None:
    prompt = make_prompt(rung=2, look_again_at=NOON + timedelta(days=1))
    make_delivery(prompt, "email", status=Status.FAILED)
    delivery = again(prompt, agent, "sms")
    advance_to_sent(delivery)
    advance([Step(delivery_id=delivery.pk, to=Status.DELIVERED)], now=LATER)
    climb(clock(LATER))
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.TOLD


def test_an_escalated_prompt_can_be_sent_again(agent: User) -> None:
    delivery = again(make_prompt(status=Prompt.Status.ESCALATED), agent)
    assert claim("sms", now=LATER) == [delivery.pk]


def refused(prompt: Prompt, agent: User, channel: str = "sms", now: datetime = LATER) -> str:
    before = Delivery.objects.count(), NoticeEvent.objects.count()
    with pytest.raises(CannotResendError) as caught:
        again(prompt, agent, channel, now)
    assert (Delivery.objects.count(), NoticeEvent.objects.count()) == before
    return str(caught.value)


def test_what_was_taken_back_is_not_sent_again(agent: User) -> None:
    prompt = make_prompt(status=Prompt.Status.CANCELLED, reason="paid or changed meanwhile")
    assert "taken back (paid or changed meanwhile)" in refused(prompt, agent)


@pytest.mark.parametrize("state", [Installment.State.AWAITING_BANK, Installment.State.WITHDRAWN])
def test_what_was_paid_or_withdrawn_meanwhile_is_not_asked_for(agent: User, state: str) -> None:
    prompt = make_prompt(status=Prompt.Status.TOLD)
    Installment.objects.update(state=state)
    assert "nothing to ask for any more" in refused(prompt, agent)


def test_old_figures_are_not_told_again(agent: User) -> None:
    prompt = make_prompt(status=Prompt.Status.TOLD)
    Installment.objects.update(version=2)
    assert "changed this installment" in refused(prompt, agent)


def test_a_disputed_debt_is_not_demanded_again(agent: User) -> None:
    installment = make_installment(due_on=TODAY - timedelta(days=2))
    dispute = make_dispute(installment.loan)
    prompt = make_prompt(installment, kind=Prompt.Kind.OVERDUE, stage=1)
    assert "disputes this" in refused(prompt, agent)
    Dispute.objects.filter(pk=dispute.pk).update(
        status="decided", decision="rejected", decided_at=NOON, decided_by=agent.pk
    )
    assert again(prompt, agent).pk


def test_what_asks_for_nothing_may_be_sent_again_whatever_was_paid(agent: User) -> None:
    installment = make_installment(due_on=TODAY)
    dispute = make_dispute(installment.loan, installment=installment)
    Installment.objects.update(state=Installment.State.WITHDRAWN)
    assert again(Prompt.objects.get(dispute=dispute), agent).pk


def test_a_channel_that_the_borrower_switched_off_is_not_used(agent: User) -> None:
    prompt = make_prompt()
    Preference.objects.create(user=prompt.borrower, channel="sms", enabled=False)
    assert "switched off" in refused(prompt, agent)
    assert again(prompt, agent, "email").pk


def test_a_dead_address_is_not_used(agent: User) -> None:
    prompt = make_prompt()
    ContactPoint.objects.filter(kind="phone").update(unreachable_since=NOON)
    assert "cannot be reached" in refused(prompt, agent)


def test_without_an_address_there_is_nothing_to_send_to(agent: User) -> None:
    prompt = make_prompt(make_installment(make_loan(make_borrower(phone=False)), due_on=TODAY + timedelta(days=3)))
    assert "nothing to reach" in refused(prompt, agent)


@pytest.mark.parametrize("channel", ["in_app", "pigeon", ""])
def test_only_channels_that_leave_the_portal_can_be_chosen(agent: User, channel: str) -> None:
    assert "choose SMS or email" in refused(make_prompt(), agent, channel)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SENDING, Status.RETRYING])
def test_one_that_is_on_its_way_is_waited_for(agent: User, status: str) -> None:
    prompt = make_prompt()
    make_delivery(prompt, status=status)
    assert "on its way" in refused(prompt, agent)
    assert again(prompt, agent, "email").pk


@pytest.mark.parametrize(
    "told",
    [
        {"status": Status.SENT, "sent_at": LATER - timedelta(minutes=59)},
        {"status": Status.DELIVERED, "sent_at": LATER - timedelta(minutes=59)},
        {"status": Status.UNCONFIRMED, "claimed_at": LATER - timedelta(minutes=59)},
    ],
)
def test_one_that_went_out_within_the_hour_is_given_time(agent: User, told: dict[str, Any]) -> None:
    prompt = make_prompt()
    make_delivery(prompt, **told)
    assert "within the last hour" in refused(prompt, agent)
    assert again(prompt, agent, now=LATER + timedelta(minutes=2)).pk


def test_one_that_failed_just_now_may_be_repeated_at_once(agent: User) -> None:
    prompt = make_prompt()
    make_delivery(prompt, status=Status.FAILED, claimed_at=LATER, sent_at=LATER)
    assert again(prompt, agent).pk


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_two_agents_at_once_one_sends_it() -> None:
    prompt, agents = make_prompt(), [make_agent(), make_agent()]

    def send(agent: User) -> str:
        try:
            again(prompt, agent)
        except CannotResendError:
            return "refused"
        return "queued"

    assert sorted(at_once(lambda: send(agents[0]), lambda: send(agents[1]))) == ["queued", "refused"]
    assert Delivery.objects.count() == NoticeEvent.objects.count() == 1
