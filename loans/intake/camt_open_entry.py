"""An entry (Ntry) of a camt message while it is read: what it said itself, and its transactions so far.

Of its elements only those stay that a record is made of in the end. It may have any number of parts (NtryDtls), and
anything between them: each element is looked at once, so that time grows with the entry and memory does not.
"""

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from loans.intake.camt_entry import Given, read_entry, read_transaction
from loans.intake.records import Code
from loans.intake.statement_records import EntryRecord, TransactionRecord
from loans.intake.values import Fault, at
from loans.intake.xml_document import FLOOD_BYTES, local_name

MOST_TRANSACTIONS: Final = 100_000
MOST_REPEATED: Final = 100
"""Of what an entry may repeat and has to be kept until its end; each may be as long as a flood."""
_OF_AN_ENTRY: Final = frozenset({"Amt", "CdtDbtInd", "RvslInd", "Sts", "BookgDt", "ValDt", "AcctSvcrRef", "BkTxCd"})
_PART: Final = "NtryDtls"
_CHARGES: Final = "Chrgs"


@dataclass(slots=True)
class OpenEntry:
    element: etree._Element
    place: str
    fault: Fault | None = None
    transactions: list[TransactionRecord] = field(default_factory=list)
    said: dict[str, etree._Element] = field(default_factory=dict)
    given: Given | None = None
    last_kept: etree._Element | None = None
    repeated: int = 0

    def take(self, details: etree._Element) -> None:
        """A TxDtls that has ended. It stands in NtryDtls, in version 1 directly in the entry; any other is foreign."""
        if self.fault:
            self._drop_all_before(details)
            return
        parent = details.getparent()
        try:
            if parent is self.element:
                self._take_from(details, details)
            elif parent is not None and parent.getparent() is self.element and _name(parent) == _PART:
                _drop_before(details)
                self._take_from(parent, details)
            else:
                self._count_repeated("foreign elements TxDtls")
        except Fault as fault:
            self.fault = fault

    def flood(self) -> None:
        if not self.fault:
            self.fault = Fault(Code.TOO_LARGE, f"a part of the entry is longer than {FLOOD_BYTES:,} bytes")

    def record(self, account: str | None) -> EntryRecord:
        """Once it has ended. Raises Fault."""
        if self.fault:
            raise self.fault
        if self.given and (late := self.given.denied_by(self.element)):
            raise Fault(Code.VALUE, f"{late} stands behind transactions that it is said for")
        return read_entry(self.element, account, self.transactions, self.place)

    def _take_from(self, part: etree._Element, details: etree._Element) -> None:
        self._sift_before(part)
        if len(self.transactions) == MOST_TRANSACTIONS:
            raise Fault(Code.TOO_LARGE, f"the entry has more than {MOST_TRANSACTIONS:,} transactions")
        self.given = self.given or Given.of(self.said)
        with at(f"transaction {len(self.transactions) + 1}"):
            self.transactions.append(read_transaction(details, self.given))

    def _sift_before(self, part: etree._Element) -> None:
        """Keep what the entry has said since the element that was kept last, the first of each name; drop the rest."""
        passed: list[etree._Element] = []
        while (before := (passed[-1] if passed else part).getprevious()) is not None and before is not self.last_kept:
            passed.append(before)
        for element in reversed(passed):
            if self._is_needed(element, _name(element)):
                self.last_kept = element
            else:
                self.element.remove(element)

    def _is_needed(self, element: etree._Element, name: str) -> bool:
        if name == _CHARGES:  # they add up
            self._count_repeated(_CHARGES)
            return True
        if name not in _OF_AN_ENTRY or name in self.said:
            return False
        self.said[name] = element
        return True

    def _count_repeated(self, what: str) -> None:
        self.repeated += 1
        if self.repeated > MOST_REPEATED:
            raise Fault(Code.TOO_LARGE, f"the entry has more than {MOST_REPEATED} {what}")

    def _drop_all_before(self, details: etree._Element) -> None:
        """Of an entry that is refused nothing is read any more."""
        element: etree._Element | None = details
        while element is not None and element is not self.element:
            _drop_before(element)
            element = element.getparent()


def _name(element: etree._Element) -> str:
    return local_name(str(element.tag))


def _drop_before(element: etree._Element) -> None:
    parent = element.getparent()
    while parent is not None and (before := element.getprevious()) is not None:
        parent.remove(before)
