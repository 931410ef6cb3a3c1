"""What became of payments that were initiated: pain.002 of ISO 20022 (CustomerPaymentStatusReport), every version."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from lxml import etree

from loans.intake import iso_elements as iso
from loans.intake.records import Code, Refusal
from loans.intake.statement_records import StatusRecord
from loans.intake.values import IDENTIFIER_LENGTH, REFERENCE_LENGTH, Fault, excerpt
from loans.intake.xml_document import FLOOD_BYTES, events, local_name

MESSAGES: Final = frozenset({"CstmrPmtStsRpt", "pain.002.001.02", "pain.002.001.01"})
"""The element of the message; versions 1 and 2 wrote their own names into it."""
_GROUP: Final = "OrgnlGrpInfAndSts"
_BLOCK: Final = "OrgnlPmtInfAndSts"
_TRANSACTION: Final = "TxInfAndSts"
_OF_A_BLOCK: Final = ("OrgnlPmtInfId", "PmtInfSts", "StsRsnInf")
_TAGS: Final = (*MESSAGES, _GROUP, _BLOCK, _TRANSACTION, *_OF_A_BLOCK)
_KEPT_WHOLE: Final = frozenset({_GROUP, _TRANSACTION, "StsRsnInf"})
_STATUS_LENGTH: Final = 4
_TEXT_LENGTH: Final = 500


def read_statuses(content: BinaryIO, name: str, root: str) -> Iterator[StatusRecord | Refusal]:
    """The transactions of a file whose root element is `root`, in constant memory; `content` must be seekable.

    A status without transactions of its own is of a whole message: it is refused, for it names no payment.
    """
    start = content.tell()
    for _ in events(content, name, root, _TAGS, _KEPT_WHOLE):
        pass
    content.seek(start)
    return _read(content, name, root)


def _read(content: BinaryIO, name: str, root: str) -> Iterator[StatusRecord | Refusal]:
    reader = _Reader(name)
    for event, element in events(content, name, root, _TAGS, _KEPT_WHOLE):
        if event == "start":
            reader.start(element)
        elif event == "flood":
            reader.flood()
        else:
            yield from reader.end(element)


@dataclass(slots=True)
class _Said:
    """What is said of the group or of a block, and holds for what stands in it."""

    status: str | None = None
    reason: str | None = None
    text: str | None = None
    names: str | None = None
    place: str = ""
    counted: int = 0


@dataclass(slots=True)
class _Reader:
    file: str
    message: etree._Element | None = None
    block_element: etree._Element | None = None
    transaction: etree._Element | None = None
    flooded: bool = False
    group: _Said = field(default_factory=_Said)
    block: _Said = field(default_factory=_Said)
    count: int = 0

    def start(self, element: etree._Element) -> None:
        name, parent = local_name(str(element.tag)), element.getparent()
        if name in MESSAGES and self.message is None:
            self.message = element
        elif name == _BLOCK and parent is self.message:
            self.block_element, self.block = element, _Said(place=f"line {element.sourceline}")
        elif name == _TRANSACTION and parent is not None and parent in (self.message, self.block_element):
            self.transaction, self.flooded = element, False

    def flood(self) -> None:
        self.flooded = True

    def end(self, element: etree._Element) -> Iterator[StatusRecord | Refusal]:
        name, parent = local_name(str(element.tag)), element.getparent()
        if self.transaction is not None:
            if element is self.transaction:
                self.transaction = None
                yield self._finish(element)
        elif name == _GROUP and parent is self.message:
            self.group = _said(element, "GrpSts", "OrgnlMsgId", f"line {element.sourceline}")
        elif parent is self.block_element and name in _OF_A_BLOCK:
            self._take(name, element)
        elif element is self.block_element:
            yield from self._unnamed(self.block)
            self.block_element = None
        elif element is self.message:
            yield from self._unnamed(self.group)

    def _take(self, name: str, element: etree._Element) -> None:
        if name == "StsRsnInf":
            self.block.reason, self.block.text = self.block.reason or _reason(element), _text(element)
        elif name == "PmtInfSts":
            self.block.status = (element.text or "").strip()
        else:
            self.block.names = (element.text or "").strip()

    def _finish(self, element: etree._Element) -> StatusRecord | Refusal:
        self.count += 1
        self.group.counted += 1
        self.block.counted += 1
        place = f"line {element.sourceline}, transaction {self.count}"
        try:
            if self.flooded:
                raise Fault(Code.TOO_LARGE, f"a part of the transaction is longer than {FLOOD_BYTES:,} bytes")
            return self._record(element, place)
        except Fault as fault:
            return fault.refusal(self.file, place)

    def _record(self, element: etree._Element, place: str) -> StatusRecord:
        end_to_end_id = iso.text_at(element, "OrgnlEndToEndId", limit=REFERENCE_LENGTH)
        if end_to_end_id is None or end_to_end_id == "NOTPROVIDED":
            raise Fault(Code.MISSING, "OrgnlEndToEndId is missing: the status names no payment")
        own = iso.text_at(element, "TxSts", limit=IDENTIFIER_LENGTH)
        status = own or self.block.status or self.group.status
        if not status or len(status) > _STATUS_LENGTH:
            raise Fault(Code.VALUE, f"TxSts is {excerpt(status or '')}, not a status such as RJCT")
        information = iso.first(element, "StsRsnInf")
        amount = iso.first(element, "OrgnlTxRef", "Amt", "InstdAmt")
        money = (None, None) if amount is None else iso.money(amount, "OrgnlTxRef/Amt/InstdAmt")
        reason = None if information is None else _reason(information)
        return StatusRecord(
            original_message=self.group.names,
            end_to_end_id=end_to_end_id,
            status=status,
            reason=reason or self.block.reason or self.group.reason,
            text=_text(information) or self.block.text or self.group.text,
            amount=money[0],
            currency=money[1],
            place=place,
        )

    def _unnamed(self, said: _Said) -> Iterator[Refusal]:
        if said.status and not said.counted and not (said is self.group and self.count):
            what = f"{said.status} of {excerpt(said.names or '')}"
            reason = f"the status {what} is of a whole message and names no payment: ask which payments are meant"
            yield Refusal(self.file, said.place, reason, Code.MISSING)
            self.group.counted += 1


def _said(element: etree._Element, status: str, names: str, place: str) -> _Said:
    information = iso.first(element, "StsRsnInf")
    found = [iso.first(element, name) for name in (status, names)]
    said = [None if item is None else (item.text or "").strip()[:REFERENCE_LENGTH] for item in found]
    reason = None if information is None else _reason(information)
    return _Said(said[0], reason, _text(information), said[1], place)


def _reason(information: etree._Element) -> str | None:
    """Rsn/Cd or the bank's own; in version 2 StsRsn."""
    for path in (("Rsn", "Cd"), ("Rsn", "Prtry"), ("StsRsn", "Cd"), ("StsRsn", "Prtry")):
        element = iso.first(information, *path)
        if element is not None and (said := (element.text or "").strip()):
            return said[:REFERENCE_LENGTH]
    return None


def _text(information: etree._Element | None) -> str | None:
    if information is None:
        return None
    said = [(element.text or "") for element in information if iso.named(element, "AddtlInf")]
    return " ".join(" ".join(said).split())[:_TEXT_LENGTH] or None
