"""A mail server that brings no receipts is not taken for one that is silent, and its mails wait for "I know"."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from notifications import supplier_receipts, suppliers
from notifications.acknowledgement import acknowledge
from notifications.escalation import climb
from notifications.models import Alarm, Delivery, Prompt, Supplier
from notifications.silence import NONE_COME, TOO_LATE, time_out
from notifications.states import Status
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def relay(settings: Settings) -> Settings:
    settings.EMAIL_PROVIDERS = ["smtp", "anymail"]
    settings.ANYMAIL_BACKEND = "anymail.backends.mailgun.EmailBackend"
    settings.EMAIL_REPORTS = False
    return settings


def sent(prompt: Prompt | None = None, provider: str = "smtp", **fields: Any) -> Delivery:
    usual = {"status": Status.SENT, "sent_at": NOON, "handed_at": NOON, "provider": provider}
    return make_delivery(prompt, Delivery.Channel.EMAIL, **{**usual, **fields})


@pytest.mark.parametrize(("reports", "passed_over"), [(False, []), (True, ["smtp"])])
def test_it_is_not_passed_over_for_what_it_never_says(relay: Settings, reports: bool, passed_over: list[str]) -> None:
    relay.EMAIL_REPORTS = reports
    for _ in range(12):
        sent()
    assert supplier_receipts.pass_over_slow(clock(NOON + 45 * MINUTE)) == passed_over
    assert Alarm.objects.open().exists() is reports


def test_the_other_one_is_still_found_out(relay: Settings) -> None:
    for _ in range(12):
        sent(provider="anymail")
    assert supplier_receipts.pass_over_slow(clock(NOON + 45 * MINUTE)) == ["anymail"]


def test_one_that_was_passed_over_is_cleared_when_its_setting_says_why(relay: Settings) -> None:
    suppliers.pause("smtp", why=suppliers.SLOW, now=NOON)
    supplier_receipts.pass_over_slow(clock(NOON + MINUTE))
    assert Supplier.objects.get(name="smtp").strikes == 0
    assert not Alarm.objects.open().exists()


@pytest.mark.usefixtures("relay")
def test_its_mails_are_unconfirmed_for_a_reason_of_its_own() -> None:
    ours, other = sent(), sent(provider="anymail")
    assert time_out(clock(NOON + 4 * HOUR)) == 0
    assert time_out(clock(NOON + 4 * HOUR + MINUTE)) == 2
    assert dict(Delivery.objects.values_list("pk", "reason")) == {ours.pk: NONE_COME, other.pk: TOO_LATE}


@pytest.mark.usefixtures("relay")
def test_the_ladder_waits_for_i_know_and_then_goes_on() -> None:
    prompt = make_prompt(rung=2, deadline=NOON + timedelta(days=2))
    make_delivery(prompt, status="failed")
    delivery = sent(prompt)
    climb(clock())
    prompt.refresh_from_db()
    assert (prompt.status, prompt.look_again_at) == (Prompt.Status.ACTIVE, NOON + 4 * HOUR)
    climb(clock(NOON + 4 * HOUR))
    prompt.refresh_from_db()
    assert (prompt.status, delivery.status) == (Prompt.Status.ESCALATED, Status.SENT)


@pytest.mark.usefixtures("relay")
def test_whoever_says_i_know_is_told() -> None:
    prompt = make_prompt(rung=2, deadline=NOON + timedelta(days=2))
    acknowledge(prompt_id=prompt.pk, method="link", delivery_id=sent(prompt).pk, now=NOON + HOUR)
    climb(clock(NOON + 5 * HOUR))
    prompt.refresh_from_db()
    assert prompt.status == Prompt.Status.ACKNOWLEDGED
