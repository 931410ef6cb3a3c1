"""One entry (Ntry) of a camt message. Versions differ in where a few values stand; all places are looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Self

from lxml import etree

from loans.intake import iso_elements as iso
from loans.intake.records import Code
from loans.intake.statement_records import EntryRecord, Side, Status, TransactionRecord
from loans.intake.values import IDENTIFIER_LENGTH, REFERENCE_LENGTH, Fault, excerpt, text_of

_STATUSES: Final[dict[str, Status]] = {"BOOK": "BOOK", "PDNG": "PDNG", "INFO": "INFO"}
_REMITTANCE_LENGTH: Final = 4_000
_UETR_LENGTH: Final = 36
_GIVEN: Final = ("Amt", "CdtDbtInd", "BkTxCd")
_SUB_FAMILY: Final = ("Domn", "Fmly", "SubFmlyCd")
# Sub-families of bank transaction codes (BkTxCd) that say of a debit what RvslInd or RtrInf may leave out: unpaid or
# returned direct debit, reversal, and reversal on request or after a return.
_RETURNING: Final = frozenset({"UPDD", "PRDD", "RCDD", "RPCR", "RRTN"})


@dataclass(frozen=True)
class Given:
    """What an entry says for those of its transactions that do not say it themselves, each read once."""

    amount: etree._Element | None
    indicator: etree._Element | None
    code: etree._Element | None

    @classmethod
    def of(cls, said: Mapping[str, etree._Element]) -> Self:
        return cls(*map(said.get, _GIVEN))

    @cached_property
    def currency(self) -> str | None:
        return None if self.amount is None else self.amount.get("Ccy")

    @cached_property
    def side(self) -> Side:
        return iso.side_of(self.indicator)

    @cached_property
    def says_return(self) -> bool:
        return self.code is not None and _is_returning(iso.first(self.code, *_SUB_FAMILY))

    def denied_by(self, entry: etree._Element) -> str | None:
        """The name of what the entry says now that it has ended, and did not say before its transactions."""
        then = zip(_GIVEN, (self.amount, self.indicator, self.code), strict=True)
        return next((name for name, element in then if iso.first(entry, name) is not element), None)


def read_transaction(details: etree._Element, given: Given) -> TransactionRecord:
    """A TxDtls. Its amount is Amt (version 3 on) or AmtDtls/TxAmt/Amt. Raises Fault."""
    amount = iso.first(details, "Amt")
    if amount is None:
        amount = iso.first(details, "AmtDtls", "TxAmt", "Amt")
    money = (None, None) if amount is None else iso.money(amount, "the transaction's Amt")
    currency = money[1] or given.currency
    end_to_end_id = iso.text_at(details, "Refs", "EndToEndId", limit=REFERENCE_LENGTH)
    returned = iso.first(details, "RtrInf")
    return TransactionRecord(
        amount=money[0],
        currency=money[1],
        end_to_end_id=None if end_to_end_id == "NOTPROVIDED" else end_to_end_id,
        uetr=iso.text_at(details, "Refs", "UETR", limit=_UETR_LENGTH),
        remittance=_remittance(details),
        side=given.side if iso.first(details, "CdtDbtInd") is None else iso.side(details),
        returned=returned is not None or _says_return(details) or given.says_return,
        return_reason=None if returned is None else _return_reason(returned),
        instructed=iso.amount_at(details, currency, "AmtDtls", "InstdAmt", "Amt"),
        charges=iso.charges(details, currency),
    )


def read_entry(
    entry: etree._Element, account: str | None, transactions: list[TransactionRecord], place: str
) -> EntryRecord:
    """An Ntry whose transactions were read before. Raises Fault."""
    money = iso.first(entry, "Amt")
    if money is None:
        raise Fault(Code.MISSING, "Amt is missing")
    amount, currency = iso.money(money, "Amt")
    if len(transactions) == 1 and transactions[0].amount is None:
        transactions = [replace(transactions[0], amount=amount, currency=currency)]
    return EntryRecord(
        account=account,
        amount=amount,
        currency=currency,
        side=iso.side(entry),
        status=_status(entry),
        booking_date=iso.day(entry, "BookgDt"),
        value_date=iso.day(entry, "ValDt"),
        reversal=iso.flag(entry, "RvslInd") or (not transactions and _says_return(entry)),
        reference=iso.text_at(entry, "AcctSvcrRef", limit=IDENTIFIER_LENGTH),
        transactions=tuple(transactions),
        place=place,
        charges=iso.charges(entry, currency),
    )


def _says_return(owner: etree._Element) -> bool:
    return _is_returning(iso.first(owner, "BkTxCd", *_SUB_FAMILY))


def _is_returning(code: etree._Element | None) -> bool:
    return code is not None and (code.text or "").strip() in _RETURNING


def _return_reason(information: etree._Element) -> str | None:
    """RtrInf/Rsn/Cd or the bank's own code; in version 1 RtrRsn."""
    for path in (("Rsn", "Cd"), ("Rsn", "Prtry"), ("RtrRsn", "Cd"), ("RtrRsn", "Prtry")):
        if found := iso.text_at(information, *path, limit=REFERENCE_LENGTH):
            return found
    return None


def _status(entry: etree._Element) -> Status:
    """The code itself up to version 6, then Sts/Cd."""
    element = iso.first(entry, "Sts")
    if element is not None and len(element):
        element = iso.first(element, "Cd")
    said = "" if element is None else iso.value(element, "Sts").strip()
    if said not in _STATUSES:
        raise Fault(Code.VALUE, f"Sts is {excerpt(said)}, none of BOOK, PDNG, INFO")
    return _STATUSES[said]


def _remittance(details: etree._Element) -> str | None:
    information = iso.first(details, "RmtInf")
    if information is None:
        return None
    parts = []
    for element in information:
        if iso.named(element, "Ustrd"):
            parts.append(iso.value(element, "Ustrd"))
        elif iso.named(element, "Strd") and (reference := _structured_reference(element)):
            parts.append(reference)
    joined = " ".join(part for part in (iso.BREAKS.sub(" ", part).strip() for part in parts) if part)
    return text_of(joined, "RmtInf", _REMITTANCE_LENGTH)


def _structured_reference(structured: etree._Element) -> str | None:
    """CdtrRefInf/Ref, in version 1 CdtrRefInf/CdtrRef."""
    for name in ("Ref", "CdtrRef"):
        if found := iso.text_at(structured, "CdtrRefInf", name, limit=_REMITTANCE_LENGTH):
            return found
    return None
