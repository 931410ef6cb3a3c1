"""One telling to all devices of a person: each gets a message of its own, and what became of them is one outcome. Pure.

What a device is sent is JSON, read by `static/js/push-worker.js`: `title` and `body`, which stand on a locked screen;
`url`, where a tap leads; `token`, which proves that this device got this telling; `tag`, by which a later notice takes
the place of an earlier one; `lang` of the words, as HTML names it; `know`, the words of the button, or empty.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from notifications.channels.base import Message, Outcome, Result
from notifications.channels.web_push_address import PushAddress, topic_of

NOWHERE: Final = ""
"""The address of a message to somebody without a device: no subscription, so that it is refused and has an outcome."""

_BEST_FIRST: Final = (Result.DELIVERED, Result.ACCEPTED, Result.UNKNOWN, Result.TEMPORARY, Result.PERMANENT)
_LANGUAGE_TAGS: Final = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}


@dataclass(frozen=True, slots=True)
class Device:
    """One live subscription. `number` is its id."""

    number: int
    address: PushAddress

    @property
    def reference(self) -> str:
        """What stands in a delivery and its receipts for this device."""
        return f"device-{self.number}"


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of one telling, and which devices are no more."""

    outcome: Outcome
    gone: tuple[int, ...]


def expand(message: Message, devices: Sequence[Device], *, token_of: Callable[[int], str], know: str) -> list[Message]:
    """The message once for each device, under the same reference. `token_of` gives a device's token; `know` is what the
    button says, empty for a telling that asks for no answer. Without a device it is one message that leads nowhere.
    """
    common = {
        "title": message.subject,
        "body": message.text,
        "url": message.action_url,
        "tag": topic_of(message.reference),
        "lang": _LANGUAGE_TAGS.get(message.language, message.language),
        "know": know,
    }
    return [
        message._replace(
            address=device.address.as_json(),
            text=json.dumps({**common, "token": token_of(device.number)}, ensure_ascii=False, separators=(",", ":")),
        )
        for device in devices
    ] or [message._replace(address=NOWHERE)]


def fold(outcomes: Iterable[Outcome | None], devices: Mapping[str, Sequence[Device]]) -> Iterator[Folded | None]:
    """One outcome for each reference, as soon as the last of its devices has one; None is passed on as it comes.

    `devices` must name those of a reference before its first outcome comes, and may grow meanwhile. The outcome is the
    best of theirs: a telling is accepted if any device's push service took it, and tried again, on all of them, while
    that may still come. Whether nothing is left to reach the person with is not said here.
    """
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome is None:
            yield None
            continue
        theirs = devices[outcome.reference]
        mine = found.setdefault(outcome.reference, [])
        mine.append(outcome)
        if len(mine) == max(1, len(theirs)):
            yield _fold_one(found.pop(outcome.reference), theirs)


def _fold_one(outcomes: Sequence[Outcome], devices: Sequence[Device]) -> Folded:
    known = {device.address.fingerprint: device for device in devices}
    best = min(outcomes, key=lambda outcome: _BEST_FIRST.index(outcome.result))
    if not devices:
        return Folded(Outcome(best.reference, best.result, reason="no device is left to show it on"), ())
    chosen = known.get(best.provider_reference)
    faulty = (known.get(outcome.provider_reference) for outcome in outcomes if outcome.address_fault)
    gone = {device.number for device in faulty if device}
    outcome = best._replace(provider_reference=chosen.reference if chosen else "", address_fault=False)
    return Folded(outcome, tuple(sorted(gone)))
