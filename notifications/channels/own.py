"""Providers of one's own, each in one file that OWN_PROVIDERS names: docs/adding-a-channel.md.

Such a file has the class that sends, the function that reads reports, and PROVIDER, which says what they are for. It is
read at the start. One that cannot be used is none, and `faults` says why.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

from django.conf import settings

from notifications.channels.base import Channel, ChannelMisconfiguredError, ReceiptRecord

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,15}")
CHANNELS: Final = frozenset({"email", "sms"})
"""Calls ask what to say while they last, and devices have keys of their own: neither is told in one file."""
SHORTEST_SECRET: Final = 16
_IN_AN_ADDRESS: Final = re.compile(r"[A-Za-z0-9_-]+")
BUILT_IN: Final = frozenset({"aliyun", "anymail", "kannel", "smtp", "twilio", "twilio_voice", "webpush"})
"""The names of those that the product brings (`registry`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProvider:
    """Who serves `channel`, "email" or "sms", under a name of 2 to 16 small letters, digits and "_".

    `build` makes a new channel, or raises ChannelMisconfiguredError. `parse` reads the bytes of one report, as for any
    provider; what it reads no reference in is refused. `secret` is the last part of the address that
    reports come to. `safe_to_resend` as of Channel. A report has `longest_report` octets at most.
    """

    name: str
    channel: str
    build: Callable[[], Channel]
    parse: Callable[[bytes], list[ReceiptRecord]]
    secret: str
    safe_to_resend: bool = False
    longest_report: int = 100_000


def variable(name: str) -> str:
    """A variable of the environment. Raises ChannelMisconfiguredError where it is not set, or empty."""
    if found := os.environ.get(name, ""):
        return found
    raise ChannelMisconfiguredError(f"{name} is not set")


def own_providers() -> dict[str, OwnProvider]:
    """Those that can be used, by name."""
    read = _read_all(tuple(settings.OWN_PROVIDERS)).values()
    return {found.name: found for found in read if isinstance(found, OwnProvider)}


def faults() -> Iterator[str]:
    """Why the others cannot be, a text each, which names the file as OWN_PROVIDERS does."""
    for path, found in _read_all(tuple(settings.OWN_PROVIDERS)).items():
        if isinstance(found, str):
            yield f"OWN_PROVIDERS names {path!r}, which cannot be used: {found}."


@cache
def _read_all(paths: tuple[str, ...]) -> dict[str, OwnProvider | str]:
    """By path the provider, or what is wrong with it."""
    read: dict[str, OwnProvider | str] = {}
    for path in paths:
        found = _read(path)
        if isinstance(found, OwnProvider) and found.name in _names(read):
            found = f"another file has the name {found.name!r}"
        read[path] = found
    return read


def _names(read: dict[str, OwnProvider | str]) -> set[str]:
    return {found.name for found in read.values() if isinstance(found, OwnProvider)}


def _read(path: str) -> OwnProvider | str:
    try:
        found = getattr(import_module(path), "PROVIDER", None)
    except ChannelMisconfiguredError as error:
        return str(error).rstrip(".")
    except Exception as error:  # whatever may be wrong with a file that is none of ours
        return f"{type(error).__name__} while it was read ({error})"
    if not isinstance(found, OwnProvider):
        return "its PROVIDER is no OwnProvider"
    return _fault(found) or found


def _fault(found: OwnProvider) -> str:
    if not _NAME.fullmatch(found.name) or found.name in BUILT_IN:
        return f"its name is {found.name!r}, which must be 2 to 16 small letters, digits or _ and no other provider's"
    if found.channel not in CHANNELS:
        return f"its channel is {found.channel!r}, and must be one of {', '.join(sorted(CHANNELS))}"
    if len(found.secret) < SHORTEST_SECRET or not _IN_AN_ADDRESS.fullmatch(found.secret):
        return f"its secret must be {SHORTEST_SECRET} or more letters, digits, - or _: it stands in an address"
    return ""
