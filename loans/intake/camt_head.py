"""What a camt statement says of itself: its number, days and balances, beside the sum of the entries that were read."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from loans.intake import iso_elements as iso
from loans.intake.records import ZERO, Code, Refusal
from loans.intake.statement_records import EntryRecord, StatementRecord
from loans.intake.values import IDENTIFIER_LENGTH, Fault, day_of_moment, excerpt
from loans.intake.xml_document import local_name

TAGS: Final = ("Id", "ElctrncSeqNb", "LglSeqNb", "StmtPgntn", "RptPgntn", "NtfctnPgntn", "CreDtTm", "FrToDt", "Bal")
KEPT_WHOLE: Final = frozenset({"Bal", "FrToDt", "StmtPgntn", "RptPgntn", "NtfctnPgntn"})
# Opening: booked, or the last closing. Of a page that others come before or after, ITBD stands in their places.
_OPENING: Final = frozenset({"OPBD", "PRCD"})
_MOST_DIGITS: Final = 18


@dataclass(slots=True)
class Head:
    """One statement while it is read. A fault in the head refuses the head alone; its entries stand."""

    series: str
    place: str
    account: str | None = None
    identification: str | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    page: int = 1
    created_on: date | None = None
    days: tuple[date | None, date | None] = (None, None)
    opening: Decimal | None = None
    closing: Decimal | None = None
    between: list[Decimal] = field(default_factory=list)
    closed_on: date | None = None
    currency: str | None = None
    booked: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    entries: int = 0
    refused: int = 0
    fault: Fault | None = None

    def take(self, element: etree._Element) -> None:
        """One of TAGS that stands directly in the statement."""
        try:
            self._take(local_name(str(element.tag)), element)
        except Fault as fault:
            self.fault = self.fault or fault

    def count(self, record: EntryRecord | Refusal) -> None:
        self.entries += 1
        if isinstance(record, Refusal):
            self.refused += 1
        elif record.status == "BOOK":
            self.booked[record.currency] += record.amount if record.side == "credit" else -record.amount

    def record(self) -> StatementRecord:
        """All of it, once the statement has ended. Raises Fault."""
        if self.fault:
            raise self.fault
        opening = self.opening if self.opening is not None else _one(self.between[:1])
        closing = self.closing if self.closing is not None else _one(self.between[-1:])
        return StatementRecord(
            series=self.series,
            account=self.account,
            identification=self.identification,
            number=self.numbers.get("ElctrncSeqNb", self.numbers.get("LglSeqNb")),
            page=self.page,
            first_on=self.days[0],
            last_on=self.days[1] or self.closed_on or self.created_on,
            currency=self.currency,
            opening=opening,
            closing=closing,
            booked=self.booked.get(self.currency or "", ZERO),
            entries=self.entries,
            refused=self.refused,
            place=self.place,
        )

    def _take(self, name: str, element: etree._Element) -> None:
        if name == "Bal":
            self._take_balance(element)
        elif name == "Id":
            self.identification = iso.text_of_one(element, "Id", IDENTIFIER_LENGTH)
        elif name == "CreDtTm":
            self.created_on = day_of_moment(iso.value(element, name), name)
        elif name == "FrToDt":
            self.days = (_day_of(element, "FrDtTm", "FrDt"), _day_of(element, "ToDtTm", "ToDt"))
        elif name.endswith("Pgntn"):
            page = iso.first(element, "PgNb")
            self.page = 1 if page is None else _number(page, "PgNb")
        else:
            self.numbers[name] = _number(element, name)

    def _take_balance(self, element: etree._Element) -> None:
        """OPBD or PRCD, CLBD, and ITBD; all others are no part of the sum."""
        kind = iso.text_at(element, "Tp", "CdOrPrtry", "Cd", limit=IDENTIFIER_LENGTH)
        if kind not in _OPENING and kind not in {"CLBD", "ITBD"}:
            return
        amount = iso.first(element, "Amt")
        if amount is None:
            raise Fault(Code.MISSING, f"the balance {kind} has no Amt")
        figure, self.currency = iso.money(amount, f"the balance {kind}")
        figure = figure if iso.side(element) == "credit" else -figure
        if kind in _OPENING:
            self.opening = figure
        elif kind == "CLBD":
            self.closing, self.closed_on = figure, iso.day(element, "Dt")
        else:
            self.between = [*self.between[:1], figure]


def _one(figures: list[Decimal]) -> Decimal | None:
    return figures[0] if figures else None


def _number(element: etree._Element, field_name: str) -> int:
    text = iso.value(element, field_name).strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise Fault(Code.VALUE, f"{field_name} is {excerpt(text)}, not a number")
    return int(text)


def _day_of(period: etree._Element, *names: str) -> date | None:
    for name in names:
        found = iso.first(period, name)
        if found is not None:
            return day_of_moment(iso.value(found, name), name)
    return None
