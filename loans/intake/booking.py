"""Books credits that were matched: the payments that the platform saw are settled, or new ones are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from loans.intake.matching import Match
from loans.intake.news import News
from loans.intake.rewriting import rewrite
from loans.models import Payment, Report, StatementLine
from loans.reconciliation import settle_bookings

_REWRITTEN: Final = ("status", "amount", "installment", "settled_at", "booked_on", "returned_at", "return_reason")


@dataclass(frozen=True, slots=True)
class Booking:
    """A line, what it was matched to, and where the news of it goes."""

    line: StatementLine
    found: Match
    news: News


def book(bookings: Sequence[Booking], *, report: Report, now: datetime) -> list[Payment]:
    """Book these lines of `report`, each of another loan, which the caller has locked.

    Returns a payment a line, in order. The lines are matched to them; saving the lines is left to the caller.
    """
    payments, made, changed = [], [], []
    taken_back = _taken_back(bookings)
    for booking in bookings:
        payment = booking.found.payment
        if payment is None:
            payment = _new(booking, now)
            made.append((booking, payment))
        elif payment.status != Payment.Status.SETTLED and payment.pk not in taken_back:
            changed.append((booking, _settled(payment, booking, now)))
        payments.append(payment)
    Payment.objects.bulk_create(payment for _booking, payment in made)
    for booking, payment in zip(bookings, payments, strict=True):
        booking.line.payment, booking.line.match = payment, StatementLine.Match.MATCHED
    rewrite([payment for _booking, payment in changed], _REWRITTEN)
    for booking, payment in (*made, *changed):
        booking.news.payments_settled.append(payment.pk)
    news = {booking.found.installment.pk: booking.news for booking in bookings}
    for installment_id in settle_bookings(news, report):
        news[installment_id].installments.add(installment_id)
    return payments


def _taken_back(bookings: Sequence[Booking]) -> set[int]:
    """Ids of payments that the bank took back by a line before this one booked them: they stay returned.

    One that was only reported as rejected is booked all the same: the money came.
    """
    found = [booking.found.payment for booking in bookings]
    returned = [payment.pk for payment in found if payment and payment.status == Payment.Status.RETURNED]
    if not returned:
        return set()
    debits = StatementLine.objects.filter(payment__in=returned, side="debit")
    return set(debits.values_list("payment_id", flat=True))


def _new(booking: Booking, now: datetime) -> Payment:
    line, found = booking.line, booking.found
    named_period = line.end_to_end_id == found.installment.payment_reference
    payment = Payment(
        loan=found.loan,
        currency=line.currency,
        end_to_end_id="" if named_period else line.end_to_end_id,
        paid_on=line.valued_on or _booked_on(line, now),
    )
    return _settled(payment, booking, now)


def _settled(payment: Payment, booking: Booking, now: datetime) -> Payment:
    payment.status = Payment.Status.SETTLED
    payment.amount = booking.line.amount
    payment.installment = booking.found.installment
    payment.settled_at = now
    payment.booked_on = _booked_on(booking.line, now)
    payment.returned_at, payment.return_reason = None, ""
    return payment


def _booked_on(line: StatementLine, now: datetime) -> date:
    return line.booked_on or line.valued_on or now.date()
