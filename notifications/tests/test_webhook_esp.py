import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from notifications.models import Receipt, RefusedCalls
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import make_delivery
from notifications.tests.webhook_cases import Call, ReceiptCases, make

SIGNING_KEY = "a-signing-key"
PASSWORD = "postmark:a-password"
FORM = "application/x-www-form-urlencoded"


def mailgun_event(
    reference: str, key: str = SIGNING_KEY, event: dict[str, object] | None = None, age: timedelta = timedelta()
) -> bytes:
    """A "delivered" event as it comes, with the variable that `esp` gives each mail."""
    timestamp = str(int((timezone.now() - age).timestamp()))
    token = "651869375b9df3c98fc15c4889b102119add1235c38fc92824"
    signature = hmac.new(key.encode(), f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
    data = {
        "tags": [], "timestamp": 1795347530.153125,
        "storage": {"url": "https://sw.api.mailgun.net/v3/domains/portal.example/messages/eyJwI", "key": "eyJwI"},
        "recipient-domain": "example.com", "id": "hTWCTD81RtiDN-", "campaigns": [],
        "user-variables": {"reference": reference},
        "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False, "is-test-mode": False},
        "log-level": "info",
        "envelope": {"sending-ip": "192.0.2.200", "sender": "notices@portal.example", "transport": "smtp",
                     "targets": "li@example.com"},
        "message": {"headers": {"to": "li@example.com", "message-id": "20260812211713.1.DF59@portal.example",
                                "from": "notices@portal.example", "subject": "Payment due tomorrow"},
                    "attachments": [], "size": 809},
        "recipient": "li@example.com", "event": "delivered",
        "delivery-status": {"tls": True, "mx-host": "smtp-in.example.com", "attempt-no": 1, "description": "",
                            "session-seconds": 3.57, "utf8": True, "code": 250, "message": "OK",
                            "certificate-verified": True},
    }  # fmt: skip
    proof = {"timestamp": timestamp, "token": token, "signature": signature}
    return json.dumps({"signature": proof, "event-data": data | (event or {})}).encode()


def postmark_event(reference: str, **event: object) -> bytes:
    """A "Delivery" event as it comes."""
    data = {
        "RecordType": "Delivery", "ServerID": 23, "MessageStream": "outbound",
        "MessageID": "00000000-0000-0000-0000-000000000000", "Recipient": "li@example.com", "Tag": "welcome-email",
        "DeliveredAt": "2026-11-22T11:38:50Z", "Details": "Test delivery webhook details",
        "Metadata": {"reference": reference},
    }  # fmt: skip
    return json.dumps(data | event).encode()


def mailgun_form(reference: str, age: timedelta = timedelta()) -> dict[str, str]:
    """A bounce as older webhooks tell it: the fields of a form, those of the mail and the proof side by side."""
    proof: dict[str, str] = json.loads(mailgun_event(reference, age=age))["signature"]
    told = {"event": "bounced", "recipient": "li@example.com", "domain": "portal.example", "code": "550",
            "error": "5.1.1 no such user: li@example.com", "Message-Id": "<20260812211713.1.DF59@portal.example>",
            "message-headers": json.dumps([["X-Mailgun-Variables", json.dumps({"reference": reference})]]),
            "reference": reference}  # fmt: skip
    return told | proof


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(password.encode()).decode()}


class EspCases(ReceiptCases):
    door = "esp_report"
    channel = "email"
    provider = "anymail"
    signs_body = False

    @pytest.fixture(autouse=True)
    def _secrets(self, settings: Settings) -> None:
        self.settings = settings
        settings.ANYMAIL_WEBHOOKS = ["mailgun", "postmark"]

    def call(self, body: bytes, esp: str, **headers: str) -> Call:
        return Call("POST", reverse("esp_report", args=[esp]), body, "application/json", headers)

    def test_a_firm_that_is_not_ours_is_not_there(self) -> None:
        self.settings.ANYMAIL_WEBHOOKS = []
        self.assert_refused(self.genuine("x"), 404)
        self.settings.ANYMAIL_WEBHOOKS = ["nobody"]
        self.assert_refused(self.call(b"{}", "nobody"), 404)

    def test_a_firm_may_ask_whether_the_address_is_there(self) -> None:
        assert make(Call("HEAD", self.genuine("x").target)) == 200


class TestMailgun(EspCases):
    """Its signature is over a time and a token, and not over what it reports."""

    @pytest.fixture(autouse=True)
    def _keys(self, settings: Settings, _secrets: None) -> None:
        settings.ANYMAIL = {"MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}

    def genuine(self, reference: str) -> Call:
        return self.call(mailgun_event(reference), "mailgun")

    def unsigned(self, reference: str) -> Call:
        data = json.loads(mailgun_event(reference))
        return self.call(json.dumps({"event-data": data["event-data"]}).encode(), "mailgun")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(mailgun_event(reference, key="another"), "mailgun")

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call(mailgun_event(reference), "postmark")

    def malformed(self) -> Call:
        proof = json.loads(mailgun_event("x"))["signature"]
        return self.call(json.dumps({"signature": proof, "event-data": [1]}).encode(), "mailgun")

    def oversized(self, reference: str) -> Call:
        return self.call(mailgun_event(reference) + b" " * 2_000_000, "mailgun")

    def take_away_the_secret(self) -> None:
        self.settings.ANYMAIL_WEBHOOKS = []

    @pytest.mark.parametrize("days", [4, 400])
    @pytest.mark.parametrize("is_form", [True, False])
    def test_what_was_signed_too_long_ago_is_refused_and_counted_as_replayed(self, days: int, is_form: bool) -> None:
        delivery = make_delivery(channel="email", status=Status.SENT)
        reference, age = reference_of(delivery.pk), timedelta(days=days)
        told = self.call(mailgun_event(reference, age=age), "mailgun")
        if is_form:
            told = replace(told, body=urlencode(mailgun_form(reference, age)).encode(), content_type=FORM)
        self.assert_refused(told, 406, why=RefusedCalls.Why.REPLAYED)

    def test_what_comes_again_for_two_days_is_taken(self) -> None:
        assert make(self.call(mailgun_event("x", age=timedelta(days=2)), "mailgun")) == 200

    def test_without_its_key_the_firm_is_not_there(self) -> None:
        self.settings.ANYMAIL = {}
        self.assert_refused(self.genuine("x"), 404)

    def test_incoming_mail_that_the_firm_was_told_to_bring_here_is_no_report(self) -> None:
        form = mailgun_form("x") | {"sender": "li@example.com", "body-plain": "Hello"}
        del form["event"]
        told = replace(self.genuine("x"), body=urlencode(form).encode(), content_type=FORM)
        self.assert_refused(told, 400, why=RefusedCalls.Why.UNREADABLE)

    def test_a_bounce_fails_its_delivery_and_blames_the_address(self) -> None:
        delivery = make_delivery(channel="email", status=Status.SENT)
        bounce = mailgun_event(
            reference_of(delivery.pk),
            event={
                "event": "failed", "severity": "permanent", "reason": "bounce",
                "delivery-status": {"code": 550, "message": "5.1.1 no such user: li@example.com", "description": ""},
            },
        )  # fmt: skip
        assert make(self.call(bounce, "mailgun")) == 200
        delivery.refresh_from_db()
        receipt = Receipt.objects.get()
        assert delivery.status == Status.FAILED
        assert receipt.provider_word == "bounced 5.1.1"
        assert receipt.reason == "refused by the reader's mail system: 5.1.1 no such mailbox"
        assert bytes(receipt.callback.raw).endswith(bounce)

    @pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
    def test_its_older_form_is_taken_as_a_form_too(self, kind: str) -> None:
        delivery = make_delivery(channel="email", status=Status.SENT)
        form = mailgun_form(reference_of(delivery.pk))
        body, content_type = encode_multipart(BOUNDARY, form), MULTIPART_CONTENT
        if kind == "urlencoded":
            body, content_type = urlencode(form).encode(), FORM
        assert make(replace(self.call(body, "mailgun"), content_type=content_type)) == 200
        delivery.refresh_from_db()
        assert delivery.status == Status.FAILED
        assert bytes(Receipt.objects.get().callback.raw).endswith(body)

    def test_what_only_calls_itself_a_form_is_refused(self) -> None:
        assert make(replace(self.genuine("x"), content_type="multipart/form-data")) == 400


class TestPostmark(EspCases):
    """It signs nothing and shows the password that it was given."""

    @pytest.fixture(autouse=True)
    def _keys(self, settings: Settings, _secrets: None) -> None:
        settings.ANYMAIL = {"WEBHOOK_SECRET": PASSWORD, "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING_KEY}

    def genuine(self, reference: str) -> Call:
        return self.call(postmark_event(reference), "postmark", **basic(PASSWORD))

    def unsigned(self, reference: str) -> Call:
        return self.call(postmark_event(reference), "postmark")

    def wrongly_signed(self, reference: str) -> Call:
        return self.call(postmark_event(reference), "postmark", **basic("postmark:a-passwore"))

    def signed_for_elsewhere(self, reference: str) -> Call:
        return self.call(postmark_event(reference), "mailgun", **basic(PASSWORD))

    def malformed(self) -> Call:
        return self.call(b'[{"RecordType": "Delivery"', "postmark", **basic(PASSWORD))

    def oversized(self, reference: str) -> Call:
        return self.call(postmark_event(reference) + b" " * 2_000_000, "postmark", **basic(PASSWORD))

    def take_away_the_secret(self) -> None:
        self.settings.ANYMAIL = {}

    def test_an_opened_mail_is_seen_and_moves_nothing(self) -> None:
        delivery = make_delivery(channel="email", status=Status.SENT)
        opened = postmark_event(reference_of(delivery.pk), RecordType="Open", ReceivedAt="2026-11-22T11:40:00Z")
        assert make(self.call(opened, "postmark", **basic(PASSWORD))) == 200
        delivery.refresh_from_db()
        assert delivery.status == Status.SENT
        assert Receipt.objects.get().kind == Receipt.Kind.SEEN
