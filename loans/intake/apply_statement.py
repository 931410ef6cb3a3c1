"""Applies one entry of a bank's statement: a booked credit settles a payment, or waits for an agent."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from loans.intake.matching import Match, NoMatch, match
from loans.intake.news import News, RefusedError
from loans.intake.records import Code, EntryRecord
from loans.models import Partner, Payment, Report, StatementLine
from loans.reconciliation import settle_booking

Kept = StatementLine.Match


@dataclass(frozen=True, slots=True)
class Movement:
    """One transaction of an entry, or the entry itself where it names none."""

    number: int
    amount: Decimal
    currency: str
    side: str
    end_to_end_id: str
    remittance: str


def apply_entry(report: Report, record: EntryRecord) -> News:
    """Write what the bank says of one entry. A movement that is known already changes nothing.

    Raises RefusedError where the report is not a bank's; run it in a transaction of its own.
    """
    if report.partner.kind != Partner.Kind.BANK:
        raise RefusedError("a statement is a bank's word, and this partner is a platform", Code.VALUE)
    news = News()
    for movement in _movements(record):
        wanted = _line(report, record, movement)
        line, new = StatementLine.objects.get_or_create(
            fingerprint=_fingerprint(report, record, movement), defaults=wanted
        )
        news.touched |= new
        if not new or line.match != Kept.UNMATCHED:
            continue
        if line.why:
            news.unmatched += 1
        else:
            _settle(line, news, report)
    return news


def _movements(record: EntryRecord) -> list[Movement]:
    if not record.transactions:
        return [Movement(0, record.amount, record.currency, record.side, "", "")]
    return [
        Movement(
            number,
            item.amount or Decimal(0),
            item.currency or record.currency,
            item.side,
            item.end_to_end_id or "",
            item.remittance or "",
        )
        for number, item in enumerate(record.transactions, start=1)
    ]


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


def _line(report: Report, record: EntryRecord, movement: Movement) -> dict[str, Any]:
    kept, why = _first_judgement(record, movement)
    return {
        "report": report,
        "place": record.place[:120],
        "account": (record.account or "")[:64],
        "amount": movement.amount,
        "currency": movement.currency,
        "side": movement.side,
        "reversal": record.reversal,
        "booked_on": record.booking_date,
        "valued_on": record.value_date,
        "reference": (record.reference or "")[:64],
        "end_to_end_id": movement.end_to_end_id[:35],
        "remittance": movement.remittance,
        "match": kept,
        "why": why,
    }


def _first_judgement(record: EntryRecord, movement: Movement) -> tuple[StatementLine.Match, str]:
    """What is clear without looking at any loan; an empty reason leaves a credit to be matched."""
    if record.status != "BOOK":
        return Kept.NOT_BOOKED, "announced, not booked yet"
    if record.reversal:
        return Kept.UNMATCHED, "takes back an earlier booking"
    if movement.side == "debit":
        return Kept.SET_ASIDE, "money that went out"
    if not movement.amount:
        return Kept.UNMATCHED, "the bank names no amount for this one of several transactions"
    return Kept.UNMATCHED, ""


def _settle(line: StatementLine, news: News, report: Report) -> None:
    found = match(report.partner, line.end_to_end_id, line.remittance)
    if isinstance(found, Match) and found.loan.currency != line.currency:
        found = NoMatch(f"loan {found.loan.external_id} is in {found.loan.currency}")
    if isinstance(found, Match) and found.payment and found.payment.lines.exists():
        found = NoMatch("this payment was booked by an earlier line")
    if isinstance(found, NoMatch):
        StatementLine.objects.filter(pk=line.pk).update(why=found.why[:200])
        news.unmatched += 1
        return
    payment = book(line, found, news, now=report.received_at)
    StatementLine.objects.filter(pk=line.pk).update(match=Kept.MATCHED, payment=payment)
    news.installments |= settle_booking(found.installment.pk, report)


def book(line: StatementLine, found: Match, news: News, *, now: datetime) -> Payment:
    """The bank booked `line`: the payment that the platform saw is settled, or a new one is written."""
    booked_on = line.booked_on or line.valued_on or now.date()
    if found.payment is None:
        payment = Payment.objects.create(
            loan=found.loan,
            installment=found.installment,
            amount=line.amount,
            currency=line.currency,
            end_to_end_id="" if line.end_to_end_id == found.installment.payment_reference else line.end_to_end_id,
            status=Payment.Status.SETTLED,
            paid_on=line.valued_on or booked_on,
            settled_at=now,
            booked_on=booked_on,
        )
        news.payments_settled.append(payment.pk)
        return payment
    waiting = Payment.objects.awaiting_bank().filter(pk=found.payment.pk)
    if waiting.update(
        status=Payment.Status.SETTLED,
        settled_at=now,
        booked_on=booked_on,
        amount=line.amount,
        installment=found.installment,
    ):
        news.payments_settled.append(found.payment.pk)
    return found.payment
