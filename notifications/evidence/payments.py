"""What became of the payments of a case: where their money went, and whether it went back."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import get_language, gettext

from loans.models import Payment, PaymentPart
from loans.money import format_money
from loans.return_reasons import reason_in_words
from notifications.evidence.case import Case


class Step(NamedTuple):
    """One thing that became of a payment, at a moment, aware, in the active language."""

    payment_id: int
    at: datetime
    words: str


def laid(payment: Payment) -> list[PaymentPart]:
    """Its money as it is laid out over installments."""
    return [part for part in payment.parts.all() if part.amount]


def was_for(payment: Payment) -> list[int]:
    """The numbers of the installments that one that went back had been laid out over."""
    if payment.status != Payment.Status.RETURNED:
        return []
    return [part.installment.number for part in payment.parts.all()]


def went_back_at(payment: Payment) -> datetime | None:
    """When it was heard that it was returned; None of one that was not, or of which nobody says when.

    A statement or status report says it, or a firm's own word on the payment.
    """
    if payment.status != Payment.Status.RETURNED:
        return None
    said = [word.reversed_at for word in payment.words.all() if word.reversed_at]
    return payment.returned_at or max(said, default=None)


def steps_of(case: Case) -> Iterator[Step]:
    """Those of each payment; what went back is said to have, so that nobody reads "booked" as paid."""
    for payment in case.payments:
        about = " · ".join([*_shares(case, payment), *_ended(payment)])
        for at, words in _steps(case, payment):
            yield Step(payment.pk, at, " · ".join(filter(None, [words, about])))
        if back := went_back_at(payment):
            words = gettext("the payment of %s went back") % _money(payment)
            yield Step(payment.pk, back, " · ".join(filter(None, [words, reason_in_words(payment.return_reason)])))


def _steps(case: Case, payment: Payment) -> Iterator[tuple[datetime, str]]:
    bank, platform = case.loan.bank.name, (case.loan.platform or case.loan.bank).name
    if payment.received_at:
        said = {"firm": platform, "money": _money(payment)}
        yield payment.received_at, gettext("%(firm)s has seen a payment of %(money)s") % said
    if payment.settled_at:
        said = {"firm": bank, "money": _money(payment)}
        yield payment.settled_at, gettext("%(firm)s has booked a payment of %(money)s") % said
    if payment.given_up_at:
        said = {"firm": bank, "money": _money(payment)}
        words = gettext("nobody waits any longer for %(firm)s to show the payment of %(money)s")
        yield payment.given_up_at, words % said


def _shares(case: Case, payment: Payment) -> Iterator[str]:
    """Of money that is not, or was not, for the installments of the case alone, how much is."""
    parts = laid(payment)
    ids = {installment.pk for installment in case.installments}
    if len(parts) > 1 or {part.installment_id for part in parts} - ids:
        for part in parts:
            said = {"money": _money(payment, part), "number": part.installment.number}
            yield gettext("%(money)s of it for installment %(number)d") % said
    numbers = was_for(payment)
    if set(numbers) - {installment.number for installment in case.installments}:
        for number in numbers:
            yield gettext("it was for installment %(number)d") % {"number": number}


def _ended(payment: Payment) -> Iterator[str]:
    """Of one that does not stand any more, where no step of its own says so."""
    ended = payment.status == Payment.Status.RETURNED
    if ended and went_back_at(payment) is None and payment.given_up_at is None:
        yield gettext("it does not stand any more")


def _money(payment: Payment, part: PaymentPart | None = None) -> str:
    return format_money(part.amount if part else payment.amount, payment.currency, get_language() or "en")
