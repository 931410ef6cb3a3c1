"""Bank statements of SWIFT: MT940 (statement), MT950 (without information) and MT942 (interim report)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import BinaryIO, Final

from loans.intake import swift_values as swift
from loans.intake.records import ZERO, Code, Refusal
from loans.intake.statement_records import EntryRecord, StatementRecord, Status
from loans.intake.swift_entry import read_entry
from loans.intake.swift_fields import Field, read_fields
from loans.intake.values import IDENTIFIER_LENGTH, Fault, currency_of, text_of

_INTERIM: Final = "942"
_CURRENCY_OF_FLOOR: Final = 3
Read = EntryRecord | StatementRecord | Refusal


def read_statement(content: BinaryIO, name: str) -> Iterator[Read]:
    """The entries of a file, each a record or the reason why it is refused, in constant memory; after those of each
    message, what it says of itself.

    `content` must be seekable: it is read twice. Raises UnreadableFile, before the first entry, when it is no text.
    What an MT942 tells is announced and books nothing: it does not say which of its entries are booked for good.
    """
    start = content.tell()
    for _ in read_fields(content, name):
        pass
    content.seek(start)
    return _read(content, name)


def _read(content: BinaryIO, name: str) -> Iterator[Read]:
    message = _Message(name, 1, 0)
    for item in read_fields(content, name):
        if item.tag in {"", "20", "type"} and message.begun:
            yield from message.end()
            message = _Message(name, message.number + 1, message.entries_before + message.entries)
        if item.tag:
            yield from message.take(item)


@dataclass(slots=True)
class _Message:
    """One message while it is read."""

    file: str
    number: int
    entries_before: int
    line: int = 0
    begun: bool = False
    kind: str = ""
    account: str | None = None
    account_fault: Fault | None = None
    sequence: tuple[int, int] | None = None
    currency: str | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    days: list[date] = field(default_factory=list)
    booked: Decimal = ZERO
    entries: int = 0
    refused: int = 0
    open_line: Field | None = None
    information: Field | None = None
    fault: Fault | None = None

    def take(self, item: Field) -> Iterator[Read]:
        if item.tag == "type":
            self.kind = item.text
            return
        self.begun, self.line = True, self.line or item.line
        if item.tag == "86" and self.open_line and not self.information:
            self.information = item
            return
        yield from self._finish_entry()
        if item.tag == "61":
            self.open_line = item
        else:
            self._take_head(item)

    def end(self) -> Iterator[Read]:
        yield from self._finish_entry()
        place = f"line {self.line}, statement {self.number}"
        if self.currency is None:
            self.fault = self.fault or Fault(Code.MISSING, "neither :60F: nor :34F: says the currency")
        yield self.fault.refusal(self.file, place) if self.fault else self._record(place)

    def _take_head(self, item: Field) -> None:
        try:
            if item.tag in {"25", "25P"}:
                self._take_account(item)
            elif item.tag in {"28", "28C"}:
                self.sequence = swift.numbers(item.text, f":{item.tag}:")
            elif item.tag == "34F":
                self.kind = self.kind or _INTERIM
                self.currency = currency_of(item.text[:_CURRENCY_OF_FLOOR], "the currency of :34F:")
            elif item.tag in {"60F", "60M"}:
                self.opening, self.currency, day = swift.balance(item.text, f":{item.tag}:")
                self.days.append(day)
            elif item.tag in {"62F", "62M"}:
                self.closing, _currency, day = swift.balance(item.text, f":{item.tag}:")
                self.days.append(day)
            elif item.tag == "13D":
                self.days.append(swift.day(item.text[:6], ":13D:"))
        except (Fault, ValueError) as fault:
            self.fault = self.fault or _as_fault(fault, item)

    def _take_account(self, item: Field) -> None:
        try:
            self.account = text_of(item.text, ":25:", IDENTIFIER_LENGTH)
        except Fault as fault:
            self.account_fault = fault

    def _finish_entry(self) -> Iterator[EntryRecord | Refusal]:
        line, self.open_line = self.open_line, None
        information, self.information = self.information, None
        if line is None:
            return
        self.entries += 1
        place = f"line {line.line}, entry {self.entries_before + self.entries}"
        try:
            record = self._entry(line, information, place)
        except Fault as fault:
            self.refused += 1
            yield fault.refusal(self.file, place)
            return
        if record.status == "BOOK":
            self.booked += record.amount if record.side == "credit" else -record.amount
        yield record

    def _entry(self, line: Field, information: Field | None, place: str) -> EntryRecord:
        if self.account_fault:
            raise self.account_fault
        if self.currency is None:
            raise Fault(Code.MISSING, "neither :60F: nor :34F: before it says the currency")
        status: Status = "PDNG" if self.kind == _INTERIM else "BOOK"
        return read_entry(line, information, self.account, self.currency, status, place)

    def _record(self, place: str) -> StatementRecord:
        number, page = self.sequence or (None, 1)
        return StatementRecord(
            series=f"MT{self.kind or '940'}",
            account=self.account,
            identification=None,
            number=number,
            page=page,
            first_on=min(self.days, default=None),
            last_on=max(self.days, default=None),
            currency=self.currency,
            opening=self.opening,
            closing=self.closing,
            booked=self.booked,
            entries=self.entries,
            refused=self.refused,
            place=place,
        )


def _as_fault(error: ValueError, item: Field) -> Fault:
    return error if isinstance(error, Fault) else Fault(Code.DATE, f":{item.tag}: does not begin with a day")
