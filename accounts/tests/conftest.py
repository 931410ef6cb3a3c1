from uuid import uuid4

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    """What one test has used up of a number's limit is not missing in the next, nor in the next run."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid4()}"}}


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """A million rounds for each password would be most of the time that these tests take."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
