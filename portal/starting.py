"""What must hold before a process serves or sends: checks that neither gunicorn nor Celery asks."""

import logging
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from environ import Env

logger = logging.getLogger(__name__)


def require_sound() -> None:
    """End the process with what is wrong, where one of those checks finds an error; else log what they warn of.
    Raises SystemExit.
    """
    from notifications.checks import TELLING  # models are there only once Django has been set up

    require_settings()
    found = run_checks(tags=[TELLING])
    if faults := [fault for fault in found if fault.level >= ERROR]:
        sys.exit("\n".join(["This cannot start, since not everybody could be told:", *map(str, faults)]))
    for warning in found:
        logger.warning("%s", warning)


def require_settings() -> None:
    """End the process where a setting is missing that nothing works without. Raises SystemExit."""
    if missing := list(_missing()):
        sys.exit("\n".join(["This cannot start:", *missing]))


def _missing() -> Iterator[str]:
    """What a process that serves or sends cannot do without, and only such a one: a line for each setting that is not
    there, or is nonsense. Values are not quoted: addresses hold passwords.
    """
    given = Env.ENVIRON.get
    if not _has_key():
        yield "SECRET_KEY is not set: it signs links and sessions. Set it to a long random word."
    if urlsplit(given("DATABASE_URL", "postgres:///dueproof")).scheme not in {"postgres", "postgresql", "pgsql"}:
        yield "DATABASE_URL is no address of PostgreSQL: write it as postgres://USER:PASSWORD@HOST:5432/NAME."
    if urlsplit(settings.REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
        yield "REDIS_URL is no address of Redis: write it as redis://HOST:6379/0."
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme not in {"http", "https"} or not public.hostname:
        yield "PUBLIC_URL is no address of a page: write it as https://loans.example."
    if not settings.ALLOWED_HOSTS and not settings.DEBUG:
        yield "ALLOWED_HOSTS is empty: every page would be refused. Name the host of PUBLIC_URL."


def _has_key() -> bool:
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        return False


def require_channels() -> None:
    """End a process that sends where the settings of a provider are there and cannot be used. Raises SystemExit.

    The checks build nothing: that would load HTTP clients into processes that never send.
    """
    from notifications.channels.base import ChannelMisconfiguredError
    from notifications.channels.registry import SETTINGS, channel_of, suppliers_for

    for provider in (provider for name in SETTINGS for provider in suppliers_for(name)):
        try:
            channel_of(provider)
        except ChannelMisconfiguredError as fault:
            sys.exit(f"This cannot start, since {provider} could not be asked: {fault}")
