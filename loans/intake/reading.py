"""Chooses the reader of a file by what is in it, never by its name."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from loans.intake import csv_file, fineract, iso20022, swift
from loans.intake.records import Code, LoanRecord, Refusal, StatementPart, UnreadableFile

_LOOK_BYTES: Final = 4_096
# The first field of every message, after an envelope or a bank's own heading or nothing.
_SWIFT: Final = re.compile(rb"(^|[\n}:])\s*:20:|\{1:F01")


def read_loans(content: BinaryIO, name: str) -> Iterator[LoanRecord | Refusal]:
    """The loans of a Fineract JSON or a CSV file. Raises UnreadableFile before the first one, as the readers do."""
    first = _first_byte(content, name)
    if first == b"<":
        reason = "is XML; loans are read from Fineract's JSON or from CSV"
        raise UnreadableFile(Refusal(name, "line 1", reason, Code.UNKNOWN_FORMAT))
    reader = fineract.read_loans if first in (b"{", b"[") else csv_file.read_loans
    return reader(content, name)


def read_statement(content: BinaryIO, name: str) -> Iterator[StatementPart | Refusal]:
    """The entries of an ISO 20022 or SWIFT file, and after those of each statement, what it says of itself.

    `content` must be seekable. Raises UnreadableFile before the first one.
    """
    _first_byte(content, name)
    look = _look(content)
    if _SWIFT.search(look) and not look.lstrip().startswith(b"<"):
        return swift.read_statement(content, name)
    return iso20022.read_statement(content, name)


def _look(content: BinaryIO) -> bytes:
    start = content.tell()
    look = content.read(_LOOK_BYTES)
    content.seek(start)
    return look.removeprefix(codecs.BOM_UTF8)


def _first_byte(content: BinaryIO, name: str) -> bytes:
    """The first byte that is neither blank nor part of a byte order mark; leaves the file where it was."""
    look = _look(content)
    if not look:
        raise UnreadableFile(Refusal(name, "", "is empty; it must hold at least one record", Code.EMPTY))
    return look.lstrip()[:1]
