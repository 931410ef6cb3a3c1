"""What must hold before a process serves or sends: checks that neither gunicorn nor Celery asks."""

import logging
import sys

from django.core.checks import ERROR, run_checks

logger = logging.getLogger(__name__)


def require_sound() -> None:
    """End the process with what is wrong, where one of those checks finds an error; else log what they warn of.
    Raises SystemExit.
    """
    from notifications.checks import TELLING  # models are there only once Django has been set up

    found = run_checks(tags=[TELLING])
    if faults := [fault for fault in found if fault.level >= ERROR]:
        sys.exit("\n".join(["This cannot start, since not everybody could be told:", *map(str, faults)]))
    for warning in found:
        logger.warning("%s", warning)


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
