"""A number to which no text message comes: its message fails at once, it can be called, and no provider is judged by
it.
"""

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import ContactPoint
from notifications import receipts, supplier_receipts, suppliers
from notifications.channels.aliyun_answers import judge_answer as judge_of_alibaba
from notifications.channels.base import Outcome, Result
from notifications.channels.registry import channel_of
from notifications.channels.twilio_answers import judge_answer
from notifications.models import Delivery
from notifications.outcomes import record_outcomes
from notifications.reach import reachable
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, clock, make_delivery
from notifications.tests.providers import run_provider
from notifications.tests.test_aliyun_channel import TEMPLATES
from notifications.tests.test_failover import KANNEL_TAKES, ask_in_turn, rows, send
from notifications.tests.test_twilio_channel import answer

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
OF_SHANGHAI, MOBILE, OF_NEW_YORK = "+862112345678", "+8613800139999", "+12125550123"


def can_be_called(settings: Settings, delivery: Delivery) -> bool:
    settings.VOICE_PROVIDERS, settings.TWILIO_CALLER = ["twilio_voice"], "+14155552345"
    borrower = delivery.prompt.borrower_id
    return "voice" in reachable([borrower])[borrower]


def delivery_to(number: str, status: str, provider: str, channel: str = "sms") -> Delivery:
    delivery = make_delivery(channel=channel, status=status, provider=provider, attempts=1, address=number)
    ContactPoint.objects.filter(deliveries=delivery).update(address=number)
    return delivery


@pytest.mark.parametrize("code", [21614, 21635])
def test_what_no_text_message_reaches_is_asked_of_nobody_else_and_can_be_called(code: int, settings: Settings) -> None:
    ask_in_turn(settings, "twilio", "kannel")
    deliveries = [make_delivery() for _ in range(12)]
    with run_provider(answer(400, {"code": code})) as twilio, run_provider(KANNEL_TAKES) as kannel:
        settings.TWILIO_API_URL, settings.KANNEL_URL = twilio.url, f"{kannel.url}/cgi-bin/sendsms"
        send()
        send(NOON + 40 * SECOND)
        assert kannel.asked == []
    assert rows() == [("twilio", Status.FAILED)] * 12
    assert all(can_be_called(settings, delivery) for delivery in deliveries)


def test_a_run_of_landlines_is_no_fault_of_its_provider() -> None:
    landlines = [judge_answer("r", 400, '{"code": 21614}')] * 6
    assert not suppliers.fails([*landlines, *[Outcome("x", Result.ACCEPTED)] * 4], channel="sms")


def test_a_network_that_the_first_does_not_reach_is_asked_of_the_other(settings: Settings) -> None:
    """Its code is that of a landline, too."""
    ask_in_turn(settings, "twilio", "kannel")
    make_delivery()
    with run_provider(answer(201, {"sid": "SM" + "0" * 32, "status": "failed", "error_code": 30006})) as twilio:
        settings.TWILIO_API_URL = twilio.url
        send()
    assert rows() == [("twilio", Status.RETRYING)]


def fail_at_the_other(channel: str, first: str, other: str, *, refused: bool) -> None:
    """A dozen people at their second try: the first provider refused them for good, or could not be reached."""
    reasons = {True: Outcome("", Result.PERMANENT, reason="no"), False: Outcome("", Result.TEMPORARY, reason="no")}
    deliveries = [make_delivery(channel=channel, status=Status.SENDING, provider=first, attempts=1) for _ in range(12)]
    outcomes = [reasons[refused]._replace(reference=reference_of(delivery.pk)) for delivery in deliveries]
    with channel_of(first) as asked:
        record_outcomes(outcomes, asked, now=NOON)
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.RETRYING}
    Delivery.objects.update(status=Status.FAILED, provider=other, attempts=2, sent_at=NOON, reason="")


@pytest.mark.parametrize("refused", [True, False])
@pytest.mark.parametrize(("channel", "first", "other"), [("sms", "twilio", "kannel"), ("email", "smtp", "anymail")])
def test_what_another_has_refused_for_good_does_not_count_against_a_provider(
    channel: str, first: str, other: str, refused: bool, settings: Settings
) -> None:
    ask_in_turn(settings, "twilio", "kannel")
    settings.EMAIL_PROVIDERS, settings.ANYMAIL_BACKEND = ["smtp", "anymail"], "anymail.backends.mailgun.EmailBackend"
    fail_at_the_other(channel, first, other, refused=refused)
    later = NOON + supplier_receipts.REPORTS_WITHIN[channel] + 10 * MINUTE
    assert supplier_receipts.pass_over_slow(clock(later)) == ([] if refused else [other])


@pytest.mark.parametrize(("number", "callable_still"), [(OF_SHANGHAI, True), (MOBILE, False), (OF_NEW_YORK, False)])
def test_a_landline_that_a_provider_of_text_messages_calls_wrong_can_be_called(
    number: str, callable_still: bool, settings: Settings
) -> None:
    ask_in_turn(settings, "aliyun")
    settings.ALIYUN_ACCESS_KEY_ID, settings.ALIYUN_ACCESS_KEY_SECRET = "testid", "testsecret"
    settings.ALIYUN_SIGN_NAME, settings.ALIYUN_TEMPLATES = "港湾银行", TEMPLATES
    delivery = delivery_to(number, Status.SENDING, "aliyun")
    outcome = judge_of_alibaba(reference_of(delivery.pk), 200, '{"Code": "isv.MOBILE_NUMBER_ILLEGAL"}')
    with channel_of("aliyun") as asked:
        record_outcomes([outcome], asked, now=NOON)
    assert Delivery.objects.get().status == Status.FAILED
    assert can_be_called(settings, delivery) is callable_still


@pytest.mark.parametrize(("number", "callable_still"), [(OF_SHANGHAI, True), (MOBILE, False)])
def test_so_can_one_that_its_report_calls_dead(number: str, callable_still: bool, settings: Settings) -> None:
    ask_in_turn(settings, "kannel")
    delivery = delivery_to(number, Status.SENT, "kannel")
    raw = f"type=16&reference={reference_of(delivery.pk)}&answer=NACK/0x0000000b"
    receipts.store(provider="kannel", raw=raw.encode(), now=NOON)
    receipts.apply_waiting(now=NOON)
    assert Delivery.objects.get().status == Status.FAILED
    assert can_be_called(settings, delivery) is callable_still


def test_a_landline_that_cannot_even_be_called_is_dead(settings: Settings) -> None:
    settings.VOICE_PROVIDERS, settings.TWILIO_CALLER = ["twilio_voice"], "+14155552345"
    ask_in_turn(settings, "kannel")
    delivery = delivery_to(OF_SHANGHAI, Status.SENT, "twilio_voice", channel="voice")
    form = f"CallSid=CA{'0' * 32}&CallStatus=failed&ErrorCode=21217"
    receipts.store(provider="twilio_voice", raw=f"reference={reference_of(delivery.pk)}\n{form}".encode(), now=NOON)
    receipts.apply_waiting(now=NOON)
    assert not can_be_called(settings, delivery)
