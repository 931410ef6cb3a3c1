"""When an event that was not taken is posted again."""

import random
from datetime import datetime, timedelta
from typing import Final

FIRST: Final = timedelta(seconds=30)
FACTOR: Final = 3
LONGEST: Final = timedelta(days=1)
MOST_ATTEMPTS: Final = 14
"""The longest waits between them add up to six days, the usual ones to three: a weekend without anybody is bridged."""

STRIKES_TO_REST: Final = 5
"""So many failures in a row and the endpoint is left alone for a while: its other events wait without an attempt."""
LONGEST_REST: Final = timedelta(minutes=15)
LONGEST_OFF: Final = timedelta(days=7)
"""So long what happens waits for an endpoint that is switched off: one that is gone for good must not fill a table."""


def next_attempt(attempts: int, *, now: datetime, asked: timedelta = timedelta(0)) -> datetime | None:
    """When to try again after so many attempts; None where that was the last.

    Anywhere between now and a limit that triples each time ("full jitter"), so that what failed together does not come
    back together; not before the wait that the endpoint `asked` for, of which no more than a day is granted.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    return now + max(longest_wait(attempts) * random.random(), min(asked, LONGEST))  # noqa: S311


def longest_wait(attempts: int) -> timedelta:
    """The limit of the wait after so many attempts, from 1."""
    return min(FIRST * float(FACTOR ** (attempts - 1)), LONGEST)


def rest(strikes: int) -> timedelta:
    """How long an endpoint is left alone after its `strikes`-th series of failures, from 1: doubled each time."""
    return min(FIRST * float(2 ** min(strikes - 1, 10)), LONGEST_REST)
