"""What devices post back: receipts and "I know", proved by the token of a notice."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.channels.base import ReceiptKind
from notifications.channels.web_push_reports import parse_report
from notifications.models import Acknowledgement, Delivery, NoticeEvent, Prompt, PushSubscription, Receipt
from notifications.push_subscriptions import mark_gone, subscribe
from notifications.receipts import apply_waiting
from notifications.signatures import notice_token, reference_of
from notifications.tests.browsers import Browser
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db
REPORT = "shown=yes&at=1795320000"
FORM = "application/x-www-form-urlencoded;charset=UTF-8"


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def device(borrower: User) -> PushSubscription:
    return subscribe(borrower, Browser("https://push.example/a").address, user_agent="", now=NOON)


@pytest.fixture
def delivery(borrower: User, device: PushSubscription) -> Delivery:
    """Handed over to the device."""
    installment = make_installment(make_loan(borrower), due_on=NOON.date() + timedelta(days=3))
    return make_delivery(make_prompt(installment), "push", status="sent", sent_at=NOON)


def token_of(delivery: Delivery, device: PushSubscription, lives: timedelta = timedelta(days=1)) -> str:
    return notice_token(delivery.pk, device.pk, NOON + lives)


def post(verb: str, token: str, report: str = REPORT, client: Client | None = None) -> int:
    client = client or Client(enforce_csrf_checks=True)
    answer = client.post(f"/push/{verb}/{token}/", report, content_type=FORM)
    apply_waiting(now=NOON)
    return answer.status_code


class TestReceived:
    def test_a_shown_notice_is_delivered_with_the_report_as_evidence(
        self, delivery: Delivery, device: PushSubscription
    ) -> None:
        assert post("received", token_of(delivery, device)) == 204
        delivery.refresh_from_db()
        device.refresh_from_db()
        receipt = Receipt.objects.get()
        named = f"reference={reference_of(delivery.pk)}&device=device-{device.pk}"
        assert bytes(receipt.callback.raw) == f"{REPORT}&{named}".encode()
        assert (receipt.kind, receipt.provider_word, receipt.moved) == ("delivered", "shown=yes", True)
        assert receipt.occurred_at == datetime.fromtimestamp(1_795_320_000, UTC)
        assert (delivery.status, delivery.delivered_at, delivery.provider_reference) == (
            "delivered",
            NOON,
            f"device-{device.pk}",
        )
        assert device.last_receipt_at == NOON

    def test_the_token_is_not_kept_where_others_could_read_it(
        self, delivery: Delivery, device: PushSubscription
    ) -> None:
        token = token_of(delivery, device)
        post("received", token)
        assert token.encode() not in bytes(Receipt.objects.get().callback.raw)

    def test_said_again_nothing_more_is_stored(self, delivery: Delivery, device: PushSubscription) -> None:
        answers = [post("received", token_of(delivery, device), f"shown=yes&at={second}") for second in range(3)]
        assert answers == [204, 204, 204]
        assert Receipt.objects.count() == 1

    def test_each_device_has_its_say(self, delivery: Delivery, device: PushSubscription, borrower: User) -> None:
        other = subscribe(borrower, Browser("https://push.example/b").address, user_agent="", now=NOON)
        for one in (device, other):
            post("received", token_of(delivery, one))
        assert [receipt.moved for receipt in Receipt.objects.all()] == [True, False]

    def test_one_that_could_not_be_shown_has_reached_nobody(self, delivery: Delivery, device: PushSubscription) -> None:
        assert post("received", token_of(delivery, device), "shown=no&at=1") == 204
        delivery.refresh_from_db()
        assert (delivery.status, Receipt.objects.get().kind) == ("sent", "accepted")

    @pytest.mark.parametrize("report", ["", "shown=maybe", "\x00\xff", "%ff%fe&&=", "reference=x"])
    def test_what_cannot_be_read_is_kept_and_moves_nothing(
        self, delivery: Delivery, device: PushSubscription, report: str
    ) -> None:
        assert post("received", token_of(delivery, device), report) == 204
        delivery.refresh_from_db()
        assert (delivery.status, Receipt.objects.get().kind) == ("sent", "unknown")

    def test_a_report_speaks_for_no_other_delivery(self, delivery: Delivery, device: PushSubscription) -> None:
        other = make_delivery(channel="push", status="sent", sent_at=NOON)
        post("received", token_of(delivery, device), f"{REPORT}&reference={reference_of(other.pk)}&device=device-9")
        other.refresh_from_db()
        assert (other.status, Receipt.objects.get().delivery) == ("sent", delivery)

    def test_a_browser_that_is_somebody_else_s_by_now_speaks_for_nobody(
        self, delivery: Delivery, device: PushSubscription
    ) -> None:
        subscribe(make_borrower(), Browser(device.endpoint).address, user_agent="", now=NOON)
        assert post("received", token_of(delivery, device)) == 404
        assert post("acknowledge", token_of(delivery, device)) == 404
        assert not Receipt.objects.exists()

    def test_a_late_word_of_a_device_that_is_gone_still_counts(
        self, delivery: Delivery, device: PushSubscription
    ) -> None:
        mark_gone([device.pk], now=NOON)
        assert post("received", token_of(delivery, device)) == 204


class TestAcknowledged:
    def test_the_button_says_i_know_for_good(self, delivery: Delivery, device: PushSubscription) -> None:
        assert [post("acknowledge", token_of(delivery, device), "") for _ in range(2)] == [204, 204]
        made = Acknowledgement.objects.get()
        assert (made.method, made.delivery, made.borrower) == ("push", delivery, device.user)
        told = Facts.from_json(delivery.facts or {})
        assert (made.amount, made.due_on, made.wording) == (told.amount, told.due_on, delivery.wording)
        assert Prompt.objects.get(pk=delivery.prompt_id).status == "acknowledged"
        assert NoticeEvent.objects.get(kind="acknowledged").data["method"] == "push"

    @pytest.mark.parametrize("kind", ["payment_settled", "prior_notice"])
    def test_what_asks_for_no_answer_or_has_to_be_read_first_takes_none(
        self, delivery: Delivery, device: PushSubscription, kind: str
    ) -> None:
        Prompt.objects.update(kind=kind)
        assert post("acknowledge", token_of(delivery, device), "") == 409
        assert not Acknowledgement.objects.exists()


@pytest.mark.parametrize("verb", ["received", "acknowledge"])
class TestBoth:
    def test_only_a_token_of_ours_opens_anything(self, verb: str, delivery: Delivery, device: PushSubscription) -> None:
        token = token_of(delivery, device)
        for forged in ("x", token[:-1], "A" * 38, token.swapcase()):
            assert post(verb, forged) == 404
        assert post(verb, notice_token(delivery.pk + 99, device.pk, NOON + timedelta(days=1))) == 404
        assert not Receipt.objects.exists()

    def test_a_token_of_another_channel_s_delivery_opens_nothing(
        self, verb: str, delivery: Delivery, device: PushSubscription
    ) -> None:
        sms = make_delivery(delivery.prompt, "sms", status="sent", sent_at=NOON)
        assert post(verb, token_of(sms, device)) == 404

    def test_its_time_runs_out(self, verb: str, delivery: Delivery, device: PushSubscription) -> None:
        assert post(verb, token_of(delivery, device, lives=timedelta(0))) == 410

    def test_it_is_posted_and_never_fetched(self, verb: str, delivery: Delivery, device: PushSubscription) -> None:
        answer = Client().get(f"/push/{verb}/{token_of(delivery, device)}/")
        assert (answer.status_code, Receipt.objects.count(), Acknowledgement.objects.count()) == (405, 0, 0)

    def test_a_long_body_is_not_read(self, verb: str, delivery: Delivery, device: PushSubscription) -> None:
        assert post(verb, token_of(delivery, device), "x" * 513) == 413
        assert post(verb, token_of(delivery, device), "x" * 512) == 204


@given(st.binary(max_size=200))
def test_any_report_is_read_without_an_exception(raw: bytes) -> None:
    [record] = parse_report(raw)
    assert record.kind in {ReceiptKind.UNKNOWN, ReceiptKind.DELIVERED, ReceiptKind.ACCEPTED}


@pytest.mark.parametrize("at", ["", "x", "-1", "9" * 30, "1e9", "１"])
def test_a_time_that_is_none_is_left_out(at: str) -> None:
    [record] = parse_report(f"shown=yes&at={at}&reference={reference_of(7)}&device=device-1".encode())
    assert (record.kind, record.occurred_at) == (ReceiptKind.DELIVERED, None)
