"""What the doors of providers refuse is counted by provider, reason and day, whoever calls and however often."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousMultipartForm,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.core.handlers.exception import response_for_exception
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from notifications.models import RefusedCalls
from notifications.webhooks import refused

pytestmark = pytest.mark.django_db
TOKEN = "a-secret-token"
NOT_FOUND = 404


@pytest.fixture(autouse=True)
def _alone(settings: Settings) -> Iterator[None]:
    settings.SMS_CALLBACK_TOKEN = settings.ALIYUN_CALLBACK_TOKEN = TOKEN
    refused.tally.forget()
    yield
    refused.tally.forget()


def guess(client: Client, name: str = "kannel_report", token: str = "guessed") -> int:
    return client.get(reverse(name, args=[token])).status_code


def counted() -> list[tuple[str, str, int]]:
    return list(RefusedCalls.objects.values_list("provider", "why", "calls"))


def test_whoever_guesses_a_thousand_times_a_second_costs_one_write(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    with django_assert_num_queries(1):
        assert {guess(client) for _ in range(1000)} == {NOT_FOUND}
    assert counted() == [("kannel", "unproven", 1)]
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(seconds=1))
    guess(client)
    assert counted() == [("kannel", "unproven", 1001)]


def test_each_day_has_its_own_number(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    for days in range(2):
        monkeypatch.setattr("django.utils.timezone.now", lambda days=days: now + timedelta(days=days))
        for _ in range(3):
            guess(client)
    assert counted() == [("kannel", "unproven", 1)] * 2


@pytest.mark.parametrize(("name", "provider"), [("kannel_text", "kannel_in"), ("kannel_report", "kannel")])
def test_what_borrowers_write_has_doors_of_its_own(client: Client, name: str, provider: str) -> None:
    guess(client, name)
    assert counted() == [(provider, "unproven", 1)]
    refused.tally.forget()
    assert guess(client, name, TOKEN) == 400
    assert (provider, "unreadable", 1) in counted()


def test_every_door_counts(client: Client, settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = "a-token"
    for name in ("aliyun_report", "aliyun_texts"):
        client.post(reverse(name, args=["guessed"]))
    client.post(reverse("esp_report", args=["nobody"]))
    for name in ("twilio_report", "twilio_text", "twilio_call_report"):
        client.post(reverse(name))
    providers = ["aliyun", "aliyun_in", "anymail", "twilio", "twilio_in", "twilio_voice"]
    assert counted() == [(provider, "unproven", 1) for provider in providers]


def test_that_it_cannot_be_counted_changes_no_answer(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_refusedcalls RENAME TO away")
    assert guess(client) == NOT_FOUND
    assert "A refused call of kannel is not counted (ProgrammingError)" in caplog.text


REFUSED = {
    BadRequest: "unreadable", MultiPartParserError: "unreadable", SuspiciousMultipartForm: "unreadable",
    TooManyFieldsSent: "unreadable", TooManyFilesSent: "unreadable", RequestDataTooBig: "too_long",
    DisallowedHost: "unproven", Http404: "unproven", PermissionDenied: "unproven",
}  # fmt: skip


@pytest.mark.parametrize(("error", "why"), REFUSED.items())
def test_whatever_django_would_refuse_is_answered_alike_and_counted(
    rf: RequestFactory, error: type[Exception], why: str
) -> None:
    def view(request: HttpRequest, /) -> HttpResponse:
        raise error

    answer = refused.counted("kannel", view)(rf.post("/"))
    assert answer.status_code == response_for_exception(rf.post("/"), error()).status_code
    assert counted() == [("kannel", why, 1)]


def test_a_fault_of_ours_is_no_refusal(rf: RequestFactory) -> None:
    def view(request: HttpRequest, /) -> HttpResponse:
        raise ValueError

    with pytest.raises(ValueError):
        refused.counted("kannel", view)(rf.post("/"))
    assert counted() == []


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=é"])
def test_a_form_without_a_boundary_is_counted_and_leaves_no_traceback(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture, content_type: str
) -> None:
    settings.ANYMAIL_WEBHOOKS, settings.ANYMAIL = ["mailgun"], {"MAILGUN_WEBHOOK_SIGNING_KEY": "key"}
    answer = client.generic("POST", reverse("esp_report", args=["mailgun"]), b"x", content_type=content_type)
    assert answer.status_code == 400
    assert counted() == [("anymail", "unreadable", 1)]
    assert [record for record in caplog.records if record.exc_info] == []
