"""A message that the sandbox took, and what was said about it."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
from typing import Any, Final

TAKEN: Final = frozenset({"200", "202", "204", "250"})
"""Answers that end the tries of a receipt, by HTTP and by SMTP."""
MESSAGE_ID: Final = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


def read_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class SentReceipt:
    """One receipt that the sandbox sent back. `answer` is what the other side said: a status, or the kind of fault."""

    word: str
    answer: str
    sent_at: datetime = field(default_factory=read_clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What its reader sees of a message. `link` and `answer`, the words of a button, are those of a notice."""

    sender: str
    text: str
    subject: str = ""
    html: str = ""
    link: str = ""
    answer: str = ""


@dataclass(kw_only=True)
class Recorded:
    """One message as it arrived.

    `raw` is the request or mail byte for byte, of a notice what its browser decrypted; `read` makes the wording of it
    when somebody looks: reading a mail takes longer than taking it. `report_to` is where receipts go, `report_on` what
    is to be reported. `overtaken`: a later one took its place before anybody saw it.
    """

    channel: str
    recipient: str
    reference: str
    raw: bytes
    read: Callable[[bytes], Wording]
    fault: str
    report_to: str = ""
    report_on: frozenset[str] = frozenset()
    number: int = 0
    arrived_at: datetime = field(default_factory=read_clock)
    receipts: list[SentReceipt] = field(default_factory=list)
    overtaken: bool = False

    @cached_property
    def wording(self) -> Wording:
        return self.read(self.raw)

    @property
    def message_id(self) -> str:
        """What a mailbox folds copies of one mail by; empty where there is none."""
        found = MESSAGE_ID.search(self.raw) if self.channel == "email" else None
        return found[1].decode("ascii", "backslashreplace") if found else ""

    def list_trail(self) -> list[dict[str, Any]]:
        """The receipts for a page: tries that were answered alike are one entry, with their number."""
        groups = groupby(self.receipts, key=lambda receipt: (receipt.word, receipt.answer))
        return [
            {"word": word, "answer": answer, "taken": answer in TAKEN, "tries": len(list(tries))}
            for (word, answer), tries in groups
        ]

    def describe(self) -> dict[str, Any]:
        """Everything, as JSON can hold it; `raw` with bytes outside ASCII and UTF-8 written as `\\xNN`."""
        return {
            "number": self.number,
            "channel": self.channel,
            "recipient": self.recipient,
            "reference": self.reference,
            **asdict(self.wording),
            "raw": self.raw.decode("utf-8", "backslashreplace"),
            "fault": self.fault,
            "report_to": self.report_to,
            "report_on": sorted(self.report_on),
            "arrived_at": self.arrived_at.isoformat(),
            "receipts": [
                {"word": receipt.word, "answer": receipt.answer, "sent_at": receipt.sent_at.isoformat()}
                for receipt in self.receipts
            ],
        }
