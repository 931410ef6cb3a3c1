"""What the doors of providers refuse is counted by provider, reason and day, whoever calls and however often."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
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
