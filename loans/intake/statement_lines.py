"""The lines of a bank's entries: one a movement of money, with what is clear about it before any loan is looked at."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from loans.intake.statement_records import EntryRecord, TransactionRecord
from loans.models import Report, StatementLine

Kept = StatementLine.Match
BACKWARDS: Final = "takes back an earlier booking"
NO_AMOUNT: Final = "the bank names no amount for this one of several transactions"
ODD_SUM: Final = "the transactions of the entry do not add up to its amount"


@dataclass(frozen=True, slots=True)
class Movement:
    """One transaction of an entry, or the entry itself where it names none."""

    number: int
    amount: Decimal
    currency: str
    side: str
    end_to_end_id: str
    remittance: str
    takes_back: bool = False
    return_reason: str = ""
    original: Decimal | None = None


def lines_of(report: Report, record: EntryRecord) -> Iterator[StatementLine]:
    """The entry's lines, not saved. A booked credit without a reason `why` waits to be matched."""
    for movement in _movements(record):
        kept, why = _first_judgement(record, movement)
        yield StatementLine(
            report=report,
            fingerprint=_fingerprint(report, record, movement),
            place=record.place[:120],
            account=(record.account or "")[:64],
            amount=movement.amount,
            currency=movement.currency,
            side=movement.side,
            reversal=movement.takes_back,
            return_reason=movement.return_reason,
            original_amount=movement.original,
            booked_on=record.booking_date,
            valued_on=record.value_date,
            reference=(record.reference or "")[:64],
            end_to_end_id=movement.end_to_end_id[:35],
            remittance=movement.remittance,
            match=kept,
            why=why,
        )


def _movements(record: EntryRecord) -> list[Movement]:
    if not record.transactions:
        return [Movement(0, record.amount, record.currency, record.side, "", "", record.reversal)]
    return [
        Movement(
            number,
            item.amount or Decimal(0),
            item.currency or record.currency,
            item.side,
            item.end_to_end_id or "",
            item.remittance or "",
            takes_back=record.reversal or item.returned,
            return_reason=item.return_reason or "",
            original=_original(item),
        )
        for number, item in enumerate(record.transactions, start=1)
    ]


def _original(item: TransactionRecord) -> Decimal | None:
    """The payment without charges where the bank tells them apart; None where it is the amount itself."""
    if item.amount is None:
        return None
    original = item.instructed or (item.amount - item.charges if item.returned else item.amount)
    return original if original > 0 and original != item.amount else None


def _fingerprint(report: Report, record: EntryRecord, movement: Movement) -> str:
    """The same for one movement in every file that tells of it; without any reference, of this file alone."""
    named = record.reference or movement.end_to_end_id
    identity = [
        report.partner.code,
        record.account,
        record.reference,
        record.status == "BOOK",
        record.reversal,
        movement.end_to_end_id,
        movement.number if record.reference else 0,
        movement.side,
        f"{movement.amount.normalize():f}",
        movement.currency,
        "" if named else f"{report.digest} {record.place}",
    ]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


def _first_judgement(record: EntryRecord, movement: Movement) -> tuple[StatementLine.Match, str]:
    """What is clear without looking at any loan; without a reason, a credit or a return is to be matched."""
    if record.status != "BOOK":
        return Kept.NOT_BOOKED, "announced, not booked yet"
    if movement.takes_back and movement.side == "credit":
        return Kept.UNMATCHED, BACKWARDS
    if movement.side == "debit" and not movement.takes_back:
        return Kept.SET_ASIDE, "money that went out"
    if not movement.amount:
        return Kept.UNMATCHED, NO_AMOUNT
    if not record.adds_up:
        return Kept.UNMATCHED, ODD_SUM
    return Kept.UNMATCHED, ""
