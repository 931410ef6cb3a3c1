"""Nudges of workers, which may be lost: the rows are there, and the next sweep finds them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic
from typing import Final

from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SAID_EVERY: Final = 60.0
"""Seconds: an intake commits often, and each commit would say it again."""
_AWAY: Final = (OperationalError, RedisError, OSError, AttributeError, ValueError)
"""The last two: what kombu (5.7) and redis-py (8.1) make of a connection that is gone, or was closed while it was made.
"""


class _Words:
    """When it was said last in this process, by its own clock."""

    said_at = -inf


@contextmanager
def may_be_lost() -> Iterator[None]:
    """What is nudged within is committed already: that the broker is away is said in one line, once a minute and
    process, and never raised. The rest of the nudges within is left out.
    """
    try:
        yield
    except _AWAY as error:
        if monotonic() - _Words.said_at >= SAID_EVERY:
            _Words.said_at = monotonic()
            logger.warning(
                "Redis does not answer (%s): nobody was woken. What was written is kept, and goes on with the next "
                "sweep once Redis is back.",
                type(error).__name__,
            )
