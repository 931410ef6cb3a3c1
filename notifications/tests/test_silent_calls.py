"""A call that waited at its provider until there was nothing to say any more says nothing, and the record says so."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Partner
from loans.tests.factories import make_installment, make_loan
from notifications.cancellation import take_back_retries
from notifications.contacts import talks_with
from notifications.evidence.case import read_case
from notifications.evidence.told_records import delivery_records
from notifications.halting import halt, lift
from notifications.ladder import OFF_THE_LADDER
from notifications.models import Delivery, NoticeEvent, Preference, Prompt
from notifications.resending import resend
from notifications.signatures import reference_of
from notifications.silence import time_out
from notifications.spoken import Spoken, answer
from notifications.states import Status
from notifications.tests.bundles import hold_by_outage, settle
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt
from notifications.tests.twilio_cases import BASE, CALL, TOKEN, ask, signed
from notifications.tests.webhook_cases import make
from notifications.told_before import told_of

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = NOON + 11 * HOUR
"""An hour before midnight in Shanghai."""
NOTHING = "answered, and nothing was said: "


@pytest.fixture(autouse=True)
def _twilio(settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_CALLBACK_BASE = TOKEN, BASE
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_CALLER = "AC" + "0" * 32, "+14155552345"
    settings.VOICE_PROVIDERS = ["twilio_voice"]


def make_call(**fields: Any) -> Delivery:
    """It rings: an upcoming prompt, three days before its due day."""
    return make_delivery(channel="voice", **{"status": Status.SENT, "sent_at": NOON, "attempts": 1, **fields})


def said_in(delivery: Delivery, at: datetime = NOON) -> Spoken | None:
    return answer(reference_of(delivery.pk), now=at)


def why_silent(delivery: Delivery, at: datetime = NOON) -> str:
    """What the record says of a call in which nothing was said."""
    heard = ask("twilio_call_words", reference_of(delivery.pk), at=at, CallStatus="in-progress", AnsweredBy="human")
    assert [element.tag for element in heard] == ["Hangup"]
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason[: len(NOTHING)]) == ("failed", NOTHING)
    assert NoticeEvent.objects.get(kind="failed").data == {"channel": "voice", "reason": delivery.reason}
    return delivery.reason.removeprefix(NOTHING)


@pytest.mark.parametrize("status", ["told", "firm_told", "acknowledged"])
def test_to_who_was_told_meanwhile(status: str) -> None:
    delivery = make_call()
    Prompt.objects.update(status=status)
    assert why_silent(delivery) == "told in another way"


def test_to_who_has_paid_meanwhile() -> None:
    delivery = make_call()
    assert delivery.prompt.installment is not None
    settle(delivery.prompt.installment)
    assert why_silent(delivery) == "paid or changed meanwhile"


def test_about_a_debt_that_is_held_meanwhile() -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    delivery = make_call(prompt=make_prompt(row, kind="overdue", stage=1))
    hold_by_outage(row)
    assert why_silent(delivery) == "not to be told now"


def test_to_who_has_stopped_calls_meanwhile() -> None:
    delivery = make_call()
    Preference.objects.create(user=delivery.prompt.borrower, channel="voice", enabled=False)
    assert why_silent(delivery)


def test_in_the_night() -> None:
    row = make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    delivery = make_call(prompt=make_prompt(row, kind="overdue", stage=1))
    assert why_silent(delivery, NIGHT).startswith("held by ")


@pytest.mark.parametrize(
    ("fits", "silent"),
    [
        ({}, True),
        ({"channel": "voice"}, True),
        ({"kind": "upcoming"}, True),
        ({"channel": "voice", "kind": "upcoming"}, True),
        ({"channel": "sms"}, False),
        ({"kind": "overdue"}, False),
    ],
)
def test_while_it_is_halted(fits: dict[str, str], silent: bool) -> None:
    delivery = make_call()
    assert said_in(delivery)
    standing = halt(reason="x", by=None, now=NOON, channel=fits.get("channel", ""), kind=fits.get("kind", ""))
    if silent:
        assert why_silent(delivery) == "halted"
    else:
        assert said_in(delivery)
    lift(standing.pk, by=None, now=NOON)
    assert (said_in(delivery) is None) is silent
    assert said_in(make_call())


@pytest.mark.parametrize(("partner", "silent"), [("harbour", True), ("lantern", True), ("elsewhere", False)])
def test_while_calls_about_a_partners_loans_are_halted(partner: str, silent: bool) -> None:
    Partner.objects.create(code="elsewhere", kind=Partner.Kind.BANK, name="Elsewhere Bank")
    delivery = make_call()
    halt(reason="x", by=None, now=NOON, partner=Partner.objects.get(code=partner))
    assert (said_in(delivery) is None) is silent


def test_no_pack_shows_its_words_and_no_later_message_speaks_of_them() -> None:
    delivery = make_call()
    halt(reason="x", by=None, now=NOON)
    why_silent(delivery)
    prompt = delivery.prompt
    [record] = delivery_records(read_case(prompt.borrower_id, installment_id=prompt.installment_id))
    assert record["message"] is None
    assert told_of([prompt.installment_id or 0]) == []


def test_its_ladder_looks_at_once() -> None:
    delivery = make_call(prompt=make_prompt(look_again_at=NOON + HOUR))
    Preference.objects.create(user=delivery.prompt.borrower, channel="voice", enabled=False)
    why_silent(delivery)
    assert Prompt.objects.get().look_again_at == NOON


def test_it_was_no_conversation() -> None:
    """The pause after one would keep the person who is put on the case from calling, for seven days in some places."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    delivery = make_call(prompt=make_prompt(row, kind="overdue", stage=1))
    why_silent(delivery, NIGHT)
    assert make(signed(f"{reverse('twilio_call_report')}?reference={reference_of(delivery.pk)}", CALL)) == 200
    time_out(clock(NIGHT + HOUR))
    delivery.refresh_from_db()
    assert delivery.status == "failed"
    assert talks_with([row.loan.borrower_id], days=7, now=NIGHT + HOUR).last == {}


def test_what_an_agent_sends_again_is_said_to_who_was_told() -> None:
    prompt = make_prompt(status="told")
    delivery = resend(prompt_id=prompt.pk, channel="voice", agent=make_agent(), now=NOON)
    told = make_call(prompt=make_prompt(status="told"))
    Delivery.objects.filter(pk=delivery.pk).update(status=Status.SENT, facts=told.facts)
    assert delivery.rung == OFF_THE_LADDER
    assert said_in(delivery)
    assert said_in(told) is None


@pytest.mark.parametrize("since", [timedelta(), timedelta(minutes=11)])
def test_a_call_that_would_say_nothing_is_not_tried_again(since: timedelta) -> None:
    """It may stand in line behind many others."""
    delivery = make_call(prompt=make_prompt(status="told"), status="retrying", next_attempt_at=NOON - since)
    again = make_call(prompt=make_prompt(status="told"), status="retrying", rung=OFF_THE_LADDER)
    take_back_retries(now=NOON)
    for one in (delivery, again):
        one.refresh_from_db()
    assert (delivery.status, again.status) == ("cancelled", "retrying")
