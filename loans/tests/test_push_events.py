"""What the interface answers to what partners push, over HTTP and before anything is applied."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertNumQueries

from loans.api import keyring
from loans.intake.events.sweep import apply_kept
from loans.models import Event, Loan, Partner, PartnerKey, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import ask, event, make_key, push, push_bytes, push_raw, refused, signed_headers

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def secret(bank: Partner) -> str:
    return make_key(bank)


def test_a_signed_event_is_kept_as_it_came_and_nothing_is_applied_yet(bank: Partner, secret: str) -> None:
    body = json.dumps(event("loan.opened")).encode()
    headers = signed_headers(secret, body, "m-1")
    answer = push_raw("harbour", body, headers)
    assert answer.status_code == 202, answer.content
    report = Report.objects.get()
    assert answer.json() == {
        "report": report.pk,
        "status_url": f"http://testserver/api/v1/partners/harbour/reports/{report.pk}",
    }
    assert bytes(report.content) == body
    assert report.digest == hashlib.sha256(body).hexdigest()
    assert (report.partner, report.kind, report.message_id) == (bank, "events", "m-1")
    assert report.headers == {**headers, "key": PartnerKey.objects.get().prefix}
    assert report.status == Report.Status.RECEIVED
    assert not Loan.objects.exists()


def test_keeping_a_message_takes_one_insert_and_no_more(secret: str) -> None:
    body = json.dumps({"events": [event("loan.opened") for _ in range(50)]}).encode()
    headers = signed_headers(secret, body, "m-1")
    with assertNumQueries(2):  # the keys, and the INSERT
        assert push_raw("harbour", body, headers).status_code == 202


ASKED_OTHERWISE = {"accept": "application/json; charset=utf-8"}
"""What is negotiated goes through REST framework."""


def test_both_ways_through_the_server_answer_alike(secret: str) -> None:
    body = json.dumps(event("loan.opened")).encode()
    headers = signed_headers(secret, body, "m-1")
    plain, negotiated = push_raw("harbour", body, headers), push_raw("harbour", body, headers | ASKED_OTHERWISE)
    assert (plain.status_code, plain.content) == (negotiated.status_code, negotiated.content) == (202, plain.content)
    assert plain["Content-Type"] == negotiated["Content-Type"] == "application/json"
    assert (plain["Content-Length"], plain["X-Content-Type-Options"]) == (str(len(plain.content)), "nosniff")


@pytest.mark.parametrize(
    ("body", "changes"),
    [(b"{", {}), (b"[]", {}), (b"{}", {"webhook-signature": "v1,AAAA"}), (b"{}", {"webhook-id": ""})],
)
def test_both_ways_through_the_server_refuse_alike(secret: str, body: bytes, changes: dict[str, str]) -> None:
    headers = signed_headers(secret, body, "m-1") | changes
    plain, negotiated = push_raw("harbour", body, headers), push_raw("harbour", body, headers | ASKED_OTHERWISE)
    assert (plain.status_code, plain.json()) == (negotiated.status_code, negotiated.json())
    assert plain["Content-Type"] == negotiated["Content-Type"] == "application/problem+json"
    assert plain.get("WWW-Authenticate") == negotiated.get("WWW-Authenticate")


def test_what_accepts_no_json_is_told_so(secret: str) -> None:
    body = json.dumps(event("loan.opened")).encode()
    headers = signed_headers(secret, body, "m-1") | {"accept": "text/html"}
    refused(push_raw("harbour", body, headers), "not_acceptable")


def test_the_same_message_again_is_answered_alike_and_kept_once(secret: str) -> None:
    said = event("loan.opened")
    first, again = (push("harbour", secret, said, message_id="m-1") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert Report.objects.count() == 1


def test_other_bytes_under_a_known_id_are_refused_and_not_kept(secret: str) -> None:
    push("harbour", secret, event("loan.opened"), message_id="m-1")
    refused(push("harbour", secret, event("loan.opened"), message_id="m-1"), "another_message")
    assert Report.objects.count() == 1


def test_two_partners_may_use_one_message_id(secret: str) -> None:
    other = make_key(make_platform())
    assert push("harbour", secret, event("loan.opened"), message_id="m-1").status_code == 202
    assert push("lantern", other, event("loan.opened"), message_id="m-1").status_code == 202
    assert Report.objects.count() == 2


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_an_unsigned_message_is_refused(secret: str, missing: str) -> None:
    headers = signed_headers(secret, b"{}", "m-1")
    del headers[missing]
    answer = push_raw("harbour", b"{}", headers)
    refused(answer, "not_signed")
    assert answer["WWW-Authenticate"] == "StandardWebhooks"
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,Ā"},
        {"webhook-signature": "v2," + "A" * 44},
        {"webhook-id": "m-2"},
    ],
)
def test_a_signature_that_is_not_of_this_message_is_refused(secret: str, change: Mapping[str, str]) -> None:
    body = json.dumps(event("loan.opened")).encode()
    refused(push_raw("harbour", body, signed_headers(secret, body, "m-1") | dict(change)), "wrong_signature")
    refused(push_raw("harbour", body + b" ", signed_headers(secret, body, "m-1")), "wrong_signature")
    assert not Report.objects.exists()


def test_an_unknown_partner_looks_like_a_wrong_signature(secret: str) -> None:
    refused(push("nobody", secret, event("loan.opened")), "wrong_signature")


def test_another_partners_key_does_not_sign(secret: str) -> None:
    make_key(make_platform())
    refused(push("lantern", secret, event("loan.opened")), "wrong_signature")


@pytest.mark.parametrize(("minutes", "code"), [(-5.1, "stale"), (5.1, "ahead")])
def test_a_message_out_of_time_is_refused(secret: str, minutes: float, code: str) -> None:
    at = timezone.now() + timedelta(minutes=minutes)
    refused(push("harbour", secret, event("loan.opened"), at=at), code)
    assert not Report.objects.exists()


@pytest.mark.parametrize("minutes", [-4.9, 4.9])
def test_five_minutes_are_tolerated_in_either_direction(secret: str, minutes: float) -> None:
    at = timezone.now() + timedelta(minutes=minutes)
    assert push("harbour", secret, event("loan.opened"), at=at).status_code == 202


@pytest.mark.parametrize("written", ["", "soon", "1e9", "-1", "١٧٦٤٣٢٤٠٠٠", "9" * 40])
def test_a_timestamp_that_is_no_time_is_refused(secret: str, written: str) -> None:
    headers = signed_headers(secret, b"{}", "m-1") | {"webhook-timestamp": written}
    refused(push_raw("harbour", b"{}", headers), "ahead" if written else "not_signed")


@pytest.mark.parametrize("message_id", ["a.b", "a b", "x" * 129, "ä"])
def test_a_message_id_that_could_be_misread_is_refused(secret: str, message_id: str) -> None:
    refused(push_raw("harbour", b"{}", signed_headers(secret, b"{}", message_id)), "webhook_id")


def test_old_and_new_key_both_count_until_the_overlap_is_over(
    bank: Partner, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = make_key(bank, overlap=1)
    for one in (secret, new):
        assert push("harbour", one, event("loan.opened")).status_code == 202
    PartnerKey.objects.filter(valid_until__isnull=False).update(valid_until=timezone.now())
    monkeypatch.setattr(keyring, "STALE_AFTER", timedelta(0))  # as five seconds later
    refused(push("harbour", secret, event("loan.opened")), "wrong_signature")
    assert push("harbour", new, event("loan.opened")).status_code == 202


def test_a_known_key_ends_to_the_moment(bank: Partner, secret: str) -> None:
    assert push("harbour", secret, event("loan.opened")).status_code == 202
    known = keyring._known["harbour"][1][0]
    keyring._known["harbour"] = (timezone.now(), [known._replace(valid_until=timezone.now())])
    PartnerKey.objects.update(valid_until=timezone.now())
    refused(push("harbour", secret, event("loan.opened")), "wrong_signature")


def test_keys_that_are_known_cost_no_query(secret: str) -> None:
    push("harbour", secret, event("loan.opened"))
    with assertNumQueries(1):
        push("harbour", secret, event("loan.opened"))


def test_a_message_may_carry_the_signatures_of_two_keys(bank: Partner, secret: str) -> None:
    body = json.dumps(event("loan.opened")).encode()
    headers = signed_headers(secret, body, "m-1")
    stranger = signed_headers("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", body, "m-1")
    headers["webhook-signature"] = f"{stranger['webhook-signature']} v1a,xyz {headers['webhook-signature']}"
    assert push_raw("harbour", body, headers).status_code == 202


def test_a_key_that_can_no_longer_be_read_signs_nothing_and_breaks_nothing(secret: str, settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", []
    refused(push("harbour", secret, event("loan.opened")), "wrong_signature")


def test_a_key_survives_the_rotation_of_the_secret_key(secret: str, settings: Settings) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert push("harbour", secret, event("loan.opened")).status_code == 202


def test_no_secret_lies_in_the_database_as_it_is(secret: str) -> None:
    assert secret not in str(PartnerKey.objects.values().get())
    assert secret[10:] not in str(PartnerKey.objects.values().get())


def test_a_message_that_is_too_large_is_refused_before_it_is_read(secret: str, settings: Settings) -> None:
    settings.EVENTS_BODY_LIMIT = 1000
    refused(push_bytes(secret, b" " * 1001), "too_large")
    assert not Report.objects.exists()


def test_what_is_not_sent_as_json_is_refused(secret: str) -> None:
    headers = signed_headers(secret, b"{}", "m-1")
    refused(push_raw("harbour", b"{}", headers, content_type="text/plain"), "unsupported_media_type")


def test_what_became_of_a_message_is_told_to_who_sent_it(secret: str) -> None:
    said = event("loan.opened")
    report_id = push("harbour", secret, said, message_id="m-1").json()["report"]
    assert ask("harbour", secret, report_id, "m-1").json()["events"] == []
    apply_kept()
    answer = ask("harbour", secret, report_id, "m-1").json()
    assert (answer["status"], answer["webhook_id"], answer["errors"]) == ("applied", "m-1", [])
    outcome = answer["events"][0]
    assert (outcome["id"], outcome["type"], outcome["status"], outcome["code"]) == (
        said["id"],
        "loan.opened",
        Event.Status.APPLIED,
        "",
    )


def test_nobody_else_is_told_what_became_of_a_message(secret: str) -> None:
    report_id = push("harbour", secret, event("loan.opened"), message_id="m-1").json()["report"]
    other = make_key(make_platform())
    refused(ask("lantern", other, report_id, "m-1"), "not_found")
    refused(ask("harbour", secret, report_id, "m-2"), "not_found")
    refused(ask("harbour", secret, report_id + 1, "m-1"), "not_found")
    refused(ask("harbour", other, report_id, "m-1"), "wrong_signature")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_other_methods_are_refused(client: Any, method: str) -> None:
    answer = client.generic(method, "/api/v1/partners/harbour/events")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
