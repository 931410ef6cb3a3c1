"""What every test shares."""

from collections.abc import Iterator

import pgtrigger
import pytest
from django.core.cache import cache
from django.test import TransactionTestCase


@pytest.fixture(autouse=True)
def _lift_append_only_for_the_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that commits is cleaned up by TRUNCATE, which append-only tables refuse."""
    flush = TransactionTestCase._fixture_teardown  # noqa: SLF001

    def flush_without_triggers(case: TransactionTestCase) -> None:
        with pgtrigger.ignore():
            flush(case)

    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", flush_without_triggers)


@pytest.fixture(autouse=True)
def _clean_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Limits and codes of one test are not those of the next."""
    yield
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        cache.clear()
