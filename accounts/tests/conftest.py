from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.tests.gateway import Gateway, running_gateway
from accounts.tests.mailbox import Mailbox, running_mailbox


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    """What one test has used up of a number's limit is not missing in the next, nor in the next run."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid4()}"}}


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """A million rounds for each password would be most of the time that these tests take."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Gateway]:
    """The way to every phone."""
    with running_gateway() as running:
        settings.KANNEL_URL = running.url
        yield running


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    """Where every mail goes, by SMTP."""
    with running_mailbox() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running
