"""How old a report of SendGrid may be, which signs a header with the time and the body (ECDSA over SHA-256)."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from notifications.models import Callback, RefusedCalls
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import make_delivery
from notifications.tests.webhook_cases import Call, make
from notifications.webhooks import refused

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]
KEY = ec.generate_private_key(ec.SECP256R1())
STAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


@pytest.fixture(autouse=True)
def _sendgrid(settings: Settings) -> Iterator[None]:
    shown = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings.ANYMAIL_WEBHOOKS = ["sendgrid"]
    settings.ANYMAIL = {"SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": base64.b64encode(shown).decode()}
    refused.tally.forget()
    yield
    refused.tally.forget()


def report(stamp: str, reference: str = "x") -> Call:
    """A "delivered" event as it comes, signed with this time."""
    event = {
        "email": "li@example.com", "timestamp": 1795347530, "event": "delivered", "sg_event_id": "ZGVsaXZlcmVkLTA",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "response": "250 OK",
        "reference": reference, "smtp-id": "<14c5d75ce93.dfd.64b469@portal.example>",
    }  # fmt: skip
    body = json.dumps([event]).encode()
    signature = base64.b64encode(KEY.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {STAMP: stamp, "X-Twilio-Email-Event-Webhook-Signature": signature}
    return Call("POST", reverse("esp_report", args=["sendgrid"]), body, "application/json", headers)


def stamp_of(age: timedelta) -> str:
    return str(int((timezone.now() - age).timestamp()))


def counted() -> list[tuple[str, int]]:
    return list(RefusedCalls.objects.values_list("why", "calls"))


@pytest.mark.parametrize("age", [timedelta(), timedelta(days=2), timedelta(days=2, hours=23)])
def test_what_was_signed_lately_is_taken(age: timedelta) -> None:
    delivery = make_delivery(channel="email", status=Status.SENT)
    assert make(report(stamp_of(age), reference_of(delivery.pk))) == 200
    delivery.refresh_from_db()
    assert (delivery.status, counted()) == (Status.DELIVERED, [])


@pytest.mark.parametrize("age", [timedelta(days=3, minutes=1), timedelta(days=400)])
def test_what_was_signed_too_long_ago_is_refused_and_counted_as_replayed(age: timedelta) -> None:
    delivery = make_delivery(channel="email", status=Status.SENT)
    assert make(report(stamp_of(age), reference_of(delivery.pk))) == 406
    delivery.refresh_from_db()
    assert (delivery.status, counted()) == (Status.SENT, [(RefusedCalls.Why.REPLAYED, 1)])
    assert not Callback.objects.exists()


def test_a_clock_of_theirs_that_is_ahead_costs_no_report() -> None:
    assert make(report(stamp_of(-timedelta(days=9)))) == 200


@pytest.mark.parametrize("stamp", ["", "soon", "2026-11-22T04:00:00Z", "1e", "0x10"])
def test_a_time_that_is_none_is_unreadable_however_well_it_is_signed(stamp: str) -> None:
    assert make(report(stamp)) == 400
    assert counted() == [(RefusedCalls.Why.UNREADABLE, 1)]
    assert not Callback.objects.exists()


@pytest.mark.parametrize("stamp", ["nan", "-inf", "inf", "-1e400"])
def test_what_reads_as_a_number_and_is_no_moment_is_unreadable(stamp: str) -> None:
    assert make(report(stamp)) == 400
    assert not Callback.objects.exists()


@pytest.mark.parametrize("missing", [STAMP, "X-Twilio-Email-Event-Webhook-Signature"])
def test_without_its_time_or_signature_it_proves_nothing(missing: str) -> None:
    told = report(stamp_of(timedelta()))
    del told.headers[missing]
    assert make(told) == 400
    assert not Callback.objects.exists()


def test_who_shows_a_password_and_signs_no_time_is_taken(settings: Settings) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": "sendgrid:a-password"}
    shown = {"Authorization": "Basic " + base64.b64encode(b"sendgrid:a-password").decode()}
    assert make(replace(report(""), headers=shown)) == 200


def test_another_time_than_the_one_that_was_signed_proves_nothing() -> None:
    told = report(stamp_of(timedelta(days=9)))
    told.headers[STAMP] = stamp_of(timedelta())
    assert make(told) == 400
    assert not Callback.objects.exists()
