"""How much a partner may push, and that a broken counter stops nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from loans.api import throttling
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


def test_several_processes_let_in_the_rate_together_and_no_more(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes a hundredth at a time out of the minute that they share."""
    Partner.objects.update(events_per_minute=250)
    partner = Partner.objects.get(code="harbour")
    first: dict[int, Any] = {}
    second: dict[int, Any] = {}
    let_in = 0
    for number in range(300):
        monkeypatch.setattr(throttling, "_shares", first if number % 3 else second)
        let_in += throttling.count(partner, 1)
    assert 250 - 2 <= let_in <= 250


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.integers(1, 40), max_size=80))
def test_what_one_process_lets_in_is_what_fits_into_the_rate(secret: str, wanted: list[int]) -> None:
    """An event is let in as long as those before it, let in or not, leave room for it."""
    Partner.objects.update(events_per_minute=500)
    partner = Partner.objects.get(code="harbour")
    throttling._shares.clear()
    cache.clear()
    let_in = sum(number for number in wanted if throttling.count(partner, number))
    assert let_in <= 500
    if sum(wanted) <= 500 - 5:
        assert let_in == sum(wanted)


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


@pytest.mark.parametrize("fault", [ValueError, AttributeError])
def test_nor_does_a_connection_that_is_closed_while_it_is_made(
    secret: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: type[Exception]
) -> None:
    """redis-py then raises what its half-made objects do."""

    def break_off(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("redis.connection.AbstractConnection.on_connect_check_health", break_off)
    throttling._redis.cache_clear()
    assert push("harbour", secret, event("outage.ended")).status_code == 202
    assert fault.__name__ in caplog.text


def test_after_a_message_that_was_too_much_none_is_let_in_from_what_was_taken_before(secret: str) -> None:
    Partner.objects.update(events_per_minute=1000)
    said = event("outage.ended")
    assert push("harbour", secret, said).status_code == 202
    many = [said | {"id": f"many-{place}"} for place in range(1000)]
    assert [push("harbour", secret, *many).status_code for _ in range(4)] == [202, 429, 429, 429]
