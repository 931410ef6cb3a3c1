"""What every test shares."""

import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pgtrigger
import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django import Settings

if TYPE_CHECKING:
    from accounts.tests.gateway import Gateway
    from accounts.tests.mailbox import Mailbox

TEARDOWN = "_fixture_teardown"

# How fast examples are made says something of the machine and nothing of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="the tests marked 'faults' with hundreds of prompts")


def pytest_configure() -> None:
    """Processes that test side by side have a numbered database of the broker each, as they have one of PostgreSQL.

    Else a test that clears its cache would clear the limits that another one is counting.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
        url = re.sub(r"([?&]db=|/)\d+$", rf"\g<1>{int(worker) + 1}", django_settings.REDIS_URL)
        os.environ["REDIS_URL"] = django_settings.REDIS_URL = django_settings.CACHES["default"]["LOCATION"] = url


@pytest.fixture(autouse=True, scope="session")
def _lift_append_only_for_the_flush() -> Iterator[None]:
    """A test that commits is cleaned up by TRUNCATE, which append-only tables refuse.

    For the whole session: pytest-django flushes after the fixtures of a test are gone.
    """
    flush: Callable[[TransactionTestCase], None] = getattr(TransactionTestCase, TEARDOWN)

    def flush_without_triggers(case: TransactionTestCase) -> None:
        with pgtrigger.ignore():
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, TEARDOWN, flush_without_triggers)
        yield


@pytest.fixture(autouse=True)
def _static_files_as_they_are(settings: Settings) -> None:
    """Pages are made with the files of the working tree: no test needs, or trusts, an earlier collectstatic."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True


@pytest.fixture(autouse=True)
def _clean_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Limits and codes of one test are not those of the next."""
    yield
    if request.node.get_closest_marker("django_db"):
        cache.clear()


@pytest.fixture
def gateway(settings: Settings) -> Iterator["Gateway"]:
    """The way to every phone."""
    from accounts.tests.gateway import running_gateway

    with running_gateway() as running:
        settings.KANNEL_URL = running.url
        yield running


@pytest.fixture
def mailbox(settings: Settings) -> Iterator["Mailbox"]:
    """Where every mail goes, by SMTP."""
    from accounts.tests.mailbox import running_mailbox

    with running_mailbox() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


@pytest.fixture
def noon() -> Iterator[None]:
    """It is noon in Shanghai on the day of `notifications.tests.factories.TODAY`."""
    from notifications.tests.factories import NOON

    with time_machine.travel(NOON, tick=True):
        yield
