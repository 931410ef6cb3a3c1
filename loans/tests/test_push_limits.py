"""How much a partner may push, and that a broken counter stops nothing."""

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from loans.models import Partner, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import event, make_key, push

pytestmark = pytest.mark.django_db
THE_MINUTE = datetime.fromisoformat("2026-12-01T09:00:15+00:00")


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: THE_MINUTE)


@pytest.fixture
def secret() -> str:
    bank = make_bank()
    Partner.objects.update(events_per_minute=3)
    return make_key(bank)


def test_what_is_above_the_rate_is_told_to_come_again_in_the_next_minute(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = event("outage.ended")
    assert [push("harbour", secret, said).status_code for _ in range(4)] == [202, 202, 202, 429]
    refused = push("harbour", secret, said)
    assert refused.json()["code"] == "too_many_requests"
    assert refused["Retry-After"] == "45"
    assert Report.objects.count() == 3
    monkeypatch.setattr("django.utils.timezone.now", lambda: THE_MINUTE + timedelta(seconds=45))
    assert push("harbour", secret, said).status_code == 202


def test_each_event_of_a_message_counts(secret: str) -> None:
    many = [event("outage.ended") for _ in range(5)]
    assert push("harbour", secret, *many).status_code == 202
    assert push("harbour", secret, many[0]).status_code == 429


def test_one_partners_rate_is_not_anothers(secret: str) -> None:
    other = make_key(make_platform())
    many = [event("outage.ended") for _ in range(5)]
    push("harbour", secret, *many)
    assert push("lantern", other, many[0]).status_code == 202


def test_who_cannot_sign_does_not_use_up_the_rate(secret: str) -> None:
    stranger = make_key(make_platform())
    for _ in range(5):
        assert push("harbour", stranger, event("outage.ended")).status_code == 401
    assert push("harbour", secret, event("outage.ended")).status_code == 202


def test_a_cache_that_is_gone_stops_nothing(secret: str, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens there
    assert [push("harbour", secret, event("outage.ended")).status_code for _ in range(5)] == [202] * 5
    assert "is not watched" in caplog.text
