"""What commands are told on their command line: read by argparse, which refuses with exit code 2."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Final

MOST_PORTS: Final = 65_535
DAY: Final = 86_400.0
"""Seconds."""


def words(typed: str) -> str:
    """What was typed, as text. Bytes that are none reach a program as half a letter, which no database takes."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError("this is not UTF-8 text: see to the terminal's language, or write it anew") from None
    return typed


def given(typed: str) -> str:
    """What was typed after an option that may be left out, as an empty variable of a script must not leave it out."""
    if not typed.strip():
        raise ArgumentTypeError("nothing was given: write it, or leave the option out")
    return typed


def given_words(typed: str) -> str:
    """Both."""
    return given(words(typed))


def port(typed: str) -> int:
    """Of TCP, to listen on or to post to. 0, where a command takes it, lets the system pick a free one."""
    if not typed.isascii() or not typed.isdigit() or int(typed[:9]) > MOST_PORTS:
        raise ArgumentTypeError(f"{typed[:40]!r} is no port: write a number from 0 to {MOST_PORTS}")
    return int(typed)


def number(least: int, most: int) -> Callable[[str], int]:
    """A whole number within these."""

    def read(typed: str) -> int:
        try:
            found = int(typed)
        except ValueError:
            found = least - 1
        if not least <= found <= most:
            raise ArgumentTypeError(f"{typed[:40]!r} is no whole number from {least} to {most}")
        return found

    return read


def pause(typed: str) -> float:
    """A wait in seconds, above 0 and up to a day: none at all would never let go of the processor."""
    try:
        found = float(typed)
    except ValueError:
        found = 0.0
    if not 0 < found <= DAY:
        raise ArgumentTypeError(f"{typed[:40]!r} is no time to wait: write seconds, above 0 and up to {DAY:.0f}")
    return found
