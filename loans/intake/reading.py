"""Chooses the reader of a file by what is in it, never by its name."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

from loans.intake import csv_file, csv_statement, fineract, iso20022, swift
from loans.intake.records import Code, LoanRecord, Refusal, UnreadableFile
from loans.intake.sizes import check_stream
from loans.intake.statement_records import StatementPart

_LOOK_BYTES: Final = 4_096
# The first field of every message, after an envelope or a bank's own heading or nothing.
_SWIFT: Final = re.compile(rb"(^|[\n}:])\s*:20:|\{1:F01")


_PACKED: Final = {b"PK\x03\x04": "ZIP", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z"}


def read_loans(content: BinaryIO, name: str) -> Iterator[LoanRecord | Refusal]:
    """The loans of a Fineract JSON or a CSV file. Raises UnreadableFile before the first one, as the readers do."""
    first = _first_byte(content, name)
    if first == b"<":
        reason = "is XML; loans are read from Fineract's JSON or from CSV"
        raise UnreadableFile(Refusal(name, "line 1", reason, Code.UNKNOWN_FORMAT))
    reader = fineract.read_loans if first in (b"{", b"[") else csv_file.read_loans
    return reader(content, name)


def read_statement(content: BinaryIO, name: str) -> Iterator[StatementPart | Refusal]:
    """The entries of an ISO 20022, SWIFT or CSV file, and after those of each statement, what it says of itself.

    `content` must be seekable. Raises UnreadableFile before the first one.
    """
    first, look = _first_byte(content, name), _look(content)
    is_swift = first != b"<" and _SWIFT.search(look)
    if not is_swift and csv_statement.looks_like(_header(look)):
        return csv_statement.read_statement(content, name)
    check_stream(content, name)
    return swift.read_statement(content, name) if is_swift else iso20022.read_statement(content, name)


def kind_of(content: BinaryIO) -> Literal["loans", "statement"]:
    """Which Report.Kind a file is of, where nobody says it; what it is in truth, its reader finds.

    The file is left where it was.
    """
    look = _look(content)
    columns = [name.strip(' "\r') for name in _header(look).split(",")]
    is_loans = "loan" in columns or (look.lstrip()[:1] in (b"{", b"[") and not _SWIFT.search(look))
    return "loans" if is_loans else "statement"


def _header(look: bytes) -> str:
    return look.lstrip().split(b"\n", 1)[0].decode(errors="replace")


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
    for beginning, kind in _PACKED.items():
        if look.startswith(beginning):
            # Nothing is unpacked: a small archive may hold any number of bytes.
            raise UnreadableFile(Refusal(name, "", f"is packed ({kind}); send what is in it", Code.UNKNOWN_FORMAT))
    return look.lstrip()[:1]
