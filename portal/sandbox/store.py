"""What the sandbox holds: every message taken, and what was said about it. In memory only; the oldest go first."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Final

from portal.sandbox.faults import USUAL_FAULT, Fault
from portal.sandbox.messages import Recorded, SentReceipt

KEPT: Final = 50_000
"""Messages held before the oldest are forgotten: some 100 MB of short ones. The counts go on."""


class Store:
    """Used from one event loop only. `version` grows with each change, so that a page knows when to draw itself.

    `usual` is what messages meet whose recipient the table of faults does not name: another one is an outage.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._changed = asyncio.Event()
        self.version = 0
        self._clear()

    def _clear(self) -> None:
        self._messages: dict[int, Recorded] = {}
        self._attempts: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.usual: Fault = USUAL_FAULT

    def reset(self) -> None:
        """Forget everything. Receipts still to come are sent, and belong to nothing."""
        self._clear()
        self._touch()

    def add(self, message: Recorded) -> None:
        message.number = self.counts["messages"] + 1
        self.counts.update(["messages", message.channel])
        self._messages[message.number] = message
        if len(self._messages) > self._kept:
            del self._messages[next(iter(self._messages))]
        self._touch()

    def forget(self, message: Recorded) -> None:
        """A message that a later one has taken the place of before anybody saw it. It stays in the counts."""
        self._messages.pop(message.number, None)
        self._touch()

    def note_receipt(self, message: Recorded, word: str, answer: str) -> None:
        message.receipts.append(SentReceipt(word, answer))
        self.counts.update(["receipts", f"receipts {word}"])
        self._touch()

    def note_refusal(self, channel: str, handling: str) -> None:
        """A message that was handed over and not taken."""
        self.counts.update(["not taken", f"{channel} {handling}"])
        self._touch()

    def count_attempt(self, reference: str) -> int:
        """How many times this message has been tried, this time included."""
        self._attempts[reference] += 1
        return self._attempts[reference]

    def get(self, number: int) -> Recorded | None:
        return self._messages.get(number)

    def find(self, channel: str = "", recipient: str = "", reference: str = "") -> list[Recorded]:
        """Messages in the order of their arrival; an empty word matches all."""
        return [
            message
            for message in self._messages.values()
            if channel in ("", message.channel)
            and recipient in ("", message.recipient)
            and reference in ("", message.reference)
        ]

    def list_copies(self, channel: str) -> dict[str, list[str]]:
        """Each reference with the Message-IDs of all that came under it (empty for a text message)."""
        copies: dict[str, list[str]] = {}
        for message in self.find(channel):
            copies.setdefault(message.reference, []).append(message.message_id)
        return copies

    async def wait_for_change(self) -> None:
        await self._changed.wait()

    async def wait_for_receipt(self, message: Recorded, seconds: float) -> None:
        """Until a receipt was sent for the message, or the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not message.receipts:
                    await self.wait_for_change()

    def _touch(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()
