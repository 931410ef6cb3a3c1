"""Which loan, period and payment a bank's line is about."""

import re
from dataclasses import dataclass

from loans.models import Installment, Loan, Partner, Payment

# A loan number as people type it into a remittance text: letters, digits and the marks that join them.
WORD = re.compile(r"[0-9A-Za-z]+(?:[-_./][0-9A-Za-z]+)*")
MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Match:
    """The period to pay for, and the payment that the platform already told us of, if it did."""

    loan: Loan
    installment: Installment
    payment: Payment | None = None


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Why nothing was matched, for the agent who decides."""

    why: str


def match(bank: Partner, end_to_end_id: str, remittance: str) -> Match | NoMatch:
    """Match by end-to-end id, else by a payment reference or loan number in the remittance text.

    A payer may put our payment reference where the end-to-end id belongs. It names the period and not the payment, so
    it may come again, with the rest of the amount.
    """
    if end_to_end_id:
        found = _by_reference(bank, [end_to_end_id]) or _by_payment(bank, end_to_end_id)
        if found:
            return found
    words = list(dict.fromkeys(WORD.findall(remittance)))[:MOST_WORDS]
    return _by_reference(bank, words) or _by_loan_number(bank, words)


def _by_payment(bank: Partner, end_to_end_id: str) -> Match | NoMatch | None:
    known = Payment.objects.filter(loan__bank=bank, end_to_end_id=end_to_end_id).select_related("loan", "installment")
    payments = list(known.select_for_update(of=("self",), no_key=True)[:2])
    if not payments:
        return None
    if len(payments) > 1:
        return NoMatch("several loans have a payment with this end-to-end id")
    payment = payments[0]
    installment = payment.installment or _oldest_unsettled(payment.loan)
    if installment is None:
        return NoMatch(f"loan {payment.loan.external_id} has nothing left to pay")
    return Match(payment.loan, installment, payment)


def _by_reference(bank: Partner, words: list[str]) -> Match | NoMatch | None:
    rows = Installment.objects.filter(loan__bank=bank, payment_reference__in=words).exclude(
        state=Installment.State.WITHDRAWN
    )
    found = list(rows.select_related("loan")[:2])
    if len(found) > 1:
        return NoMatch("the text names more than one installment")
    if not found:
        return None
    installment = found[0]
    waiting = Payment.objects.awaiting_bank().filter(installment=installment).order_by("pk")
    return Match(installment.loan, installment, waiting.select_for_update(no_key=True).first())


def _by_loan_number(bank: Partner, words: list[str]) -> Match | NoMatch:
    loans = list(Loan.objects.filter(bank=bank, external_id__in=words)[:2])
    if not loans:
        return NoMatch("no end-to-end id and no loan number that we know")
    if len(loans) > 1:
        return NoMatch("the text names more than one loan")
    installment = _oldest_unsettled(loans[0])
    if installment is None:
        return NoMatch(f"loan {loans[0].external_id} has nothing left to pay")
    waiting = Payment.objects.awaiting_bank().filter(installment=installment).order_by("pk")
    return Match(loans[0], installment, waiting.select_for_update(no_key=True).first())


def _oldest_unsettled(loan: Loan) -> Installment | None:
    return (
        loan.installments.filter(state__in=[Installment.State.OPEN, Installment.State.AWAITING_BANK])
        .order_by("due_on", "number")
        .first()
    )
