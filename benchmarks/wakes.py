"""What wakes senders that sleep between the portions of a plan: the broker's part, without a broker.

One pipe for all that are forked from a process that has asked for it. An octet wakes one of them.
"""

import array
import fcntl
import os
import termios
from collections.abc import Iterator
from functools import cache
from typing import Final

_WAKE: Final = b"."
_LAST: Final = b"!"


@cache
def pipe() -> tuple[int, int]:
    """Made before the forks, which share it: what is read from, and what is written to."""
    return os.pipe()


def wake(senders: int) -> None:
    """Wake so many, less those who have been woken and have not noticed: they will find all that is there."""
    reading, writing = pipe()
    unnoticed = array.array("i", [0])
    fcntl.ioctl(reading, termios.FIONREAD, unnoticed)
    os.write(writing, _WAKE * max(0, senders - unnoticed[0]))


def end(senders: int) -> None:
    """Wake all of them for the last time."""
    os.write(pipe()[1], _LAST * senders)


def waits() -> Iterator[None]:
    """Sleeps until woken, again and again; ends after the last time, or with those that could wake it."""
    reading, writing = pipe()
    os.close(writing)
    said = _WAKE
    while said == _WAKE:
        if said := os.read(reading, 1):
            yield
