"""Messages of ISO 20022, every version: camt.052 (report), camt.053 (statement), camt.054 (notification), pain.002."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from lxml import etree

from loans.intake import camt_head, pain002
from loans.intake import iso_elements as iso
from loans.intake.camt_head import Head
from loans.intake.camt_open_entry import OpenEntry
from loans.intake.records import Code, Refusal, UnreadableFile
from loans.intake.statement_records import EntryRecord, StatementPart, StatementRecord
from loans.intake.values import Fault, excerpt
from loans.intake.xml_document import events, local_name, read_head

# The element of each message (version 1 wrote its version into the name), and what holds the entries in it.
_NAMES: Final = {"BkToCstmrAcctRpt": "camt.052", "BkToCstmrStmt": "camt.053", "BkToCstmrDbtCdtNtfctn": "camt.054"}
_MESSAGES: Final = frozenset(f"{name}{version}" for name in _NAMES for version in ("", "V01"))
_STATEMENTS: Final = frozenset({"Rpt", "Stmt", "Ntfctn"})
_TAGS: Final = (*_MESSAGES, *_STATEMENTS, "Acct", "Ntry", "TxDtls", *camt_head.TAGS)
_KEPT_WHOLE: Final = frozenset({"Acct", "Ntry"}) | camt_head.KEPT_WHOLE
_HEAD_TAGS: Final = frozenset(camt_head.TAGS)
_ISO_NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:"


def read_statement(content: BinaryIO, name: str) -> Iterator[StatementPart | Refusal]:
    """The entries of a file, each a record or the reason why it is refused, in constant memory; after those of each
    statement, what it says of itself.

    `content` must be seekable: it is read twice. Raises UnreadableFile, before the first entry, when it is no
    well-formed XML or another message.
    """
    start = content.tell()
    head = read_head(content, name, _MESSAGES | pain002.MESSAGES)
    if not head.found:
        reason = f"holds {_described(head.tags)}; camt.052, camt.053, camt.054 or pain.002 is expected"
        raise UnreadableFile(Refusal(name, "line 1", reason, Code.UNKNOWN_FORMAT))
    content.seek(start)
    if local_name(head.tags[-1]) in pain002.MESSAGES:
        return pain002.read_statuses(content, name, head.tags[0])
    for _ in events(content, name, head.tags[0], _TAGS, frozenset()):
        pass
    content.seek(start)
    return _read_entries(content, name, head.tags[0])


def _described(tags: list[str]) -> str:
    for tag in tags:
        namespace = tag.rpartition("}")[0].removeprefix("{")
        if namespace.startswith(_ISO_NAMESPACE):
            return f"the message {excerpt(namespace.removeprefix(_ISO_NAMESPACE)).strip(chr(39))}"
    return f"the element {excerpt('/'.join(local_name(tag) for tag in tags[:2]))}" if tags else "no element"


def _read_entries(content: BinaryIO, name: str, root: str) -> Iterator[EntryRecord | StatementRecord | Refusal]:
    reader = _Reader(name)
    for event, element in events(content, name, root, _TAGS, _KEPT_WHOLE):
        if event == "start":
            reader.start(element)
        elif event == "flood":
            reader.flood()
        elif (record := reader.end(element)) is not None:
            yield record


@dataclass(slots=True)
class _Reader:
    """Where in the message the reading is. An element counts only under its own parent: other data may repeat names."""

    file: str
    message: etree._Element | None = None
    statement: etree._Element | None = None
    account: str | None = None
    account_fault: Fault | None = None
    entry: OpenEntry | None = None
    head: Head | None = None
    entries: int = 0
    statements: int = 0

    def start(self, element: etree._Element) -> None:
        name, parent = local_name(str(element.tag)), element.getparent()
        if name in _MESSAGES and self.message is None:
            self.message = element
        elif name in _STATEMENTS and parent is not None and parent is self.message:
            self.statement, self.account, self.account_fault = element, None, None
            self.statements += 1
            series = _NAMES[local_name(str(parent.tag)).removesuffix("V01")]
            self.head = Head(series, f"line {element.sourceline}, statement {self.statements}")
        elif name == "Ntry" and parent is not None and parent is self.statement:
            self.entries += 1
            place = f"line {element.sourceline}, entry {self.entries}"
            self.entry = OpenEntry(element, place, fault=self.account_fault)

    def end(self, element: etree._Element) -> EntryRecord | StatementRecord | Refusal | None:
        name = local_name(str(element.tag))
        if self.entry is None:
            return self._end_outside_entries(element, name)
        if name == "TxDtls":
            self.entry.take(element)
        elif element is self.entry.element:
            entry, self.entry = self.entry, None
            return self._finish(entry)
        return None

    def _end_outside_entries(
        self, element: etree._Element, name: str
    ) -> EntryRecord | StatementRecord | Refusal | None:
        if self.statement is None or self.head is None:
            return None
        if element is self.statement:
            return self._finish_statement(self.head)
        if element.getparent() is self.statement:
            if name == "Acct":
                self._take_account(element)
            elif name in _HEAD_TAGS:
                self.head.take(element)
        return None

    def flood(self) -> None:
        if self.entry:
            self.entry.flood()

    def _take_account(self, element: etree._Element) -> None:
        try:
            self.account = iso.account(element)
        except Fault as fault:
            self.account_fault = Fault(fault.code, f"the statement's account: {fault.reason}")

    def _finish(self, entry: OpenEntry) -> EntryRecord | Refusal:
        record: EntryRecord | Refusal
        try:
            record = entry.record(self.account)
        except Fault as fault:
            record = fault.refusal(self.file, entry.place)
        if self.head:
            self.head.count(record)
        return record

    def _finish_statement(self, head: Head) -> StatementRecord | Refusal:
        self.statement = self.head = None
        head.account = self.account
        try:
            return head.record()
        except Fault as fault:
            return fault.refusal(self.file, head.place)
