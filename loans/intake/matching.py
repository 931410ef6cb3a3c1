"""Which loan, period and payment a bank's line is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from loans.intake.candidates import words_of
from loans.intake.ledger import Ledger
from loans.models import Installment, Loan, Payment, StatementLine


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


def match(line: StatementLine, ledger: Ledger) -> Match | NoMatch:
    """Match a booked credit; what fits but is in another currency, or was booked before, is no match."""
    found = _find(line, ledger)
    if isinstance(found, NoMatch):
        return found
    if found.loan.currency != line.currency:
        return NoMatch(f"loan {found.loan.external_id} is in {found.loan.currency}")
    if found.payment and ledger.is_booked(found.payment):
        return NoMatch("this payment was booked by an earlier line")
    return found


def _find(line: StatementLine, ledger: Ledger) -> Match | NoMatch:
    """Match by end-to-end id, else by a payment reference or loan number in the remittance text.

    A payer may put our payment reference where the end-to-end id belongs. It names the period and not the payment, so
    it may come again, with the rest of the amount.
    """
    if line.end_to_end_id:
        found = _by_reference([line.end_to_end_id], ledger) or _by_payment(line.end_to_end_id, ledger)
        if found:
            return found
    words = words_of(line)
    return _by_reference(words, ledger) or _by_loan_number(words, ledger)


def _by_payment(end_to_end_id: str, ledger: Ledger) -> Match | NoMatch | None:
    payments = ledger.payments.get(end_to_end_id, [])
    if not payments:
        return None
    if len(payments) > 1:
        return NoMatch("several loans have a payment with this end-to-end id")
    payment = payments[0]
    loan = ledger.loans[payment.loan_id]
    installment = payment.installment or ledger.oldest_unsettled.get(loan.pk)
    if installment is None:
        return NoMatch(f"loan {loan.external_id} has nothing left to pay")
    return Match(loan, installment, payment)


def _by_reference(words: Sequence[str], ledger: Ledger) -> Match | NoMatch | None:
    found = [installment for word in words for installment in ledger.installments.get(word, [])]
    if len(found) > 1:
        return NoMatch("the text names more than one installment")
    return _first_waiting(found[0], ledger) if found else None


def _by_loan_number(words: Sequence[str], ledger: Ledger) -> Match | NoMatch:
    loans = [ledger.numbers[word] for word in words if word in ledger.numbers]
    if not loans:
        return NoMatch("no end-to-end id and no loan number that we know")
    if len(loans) > 1:
        return NoMatch("the text names more than one loan")
    installment = ledger.oldest_unsettled.get(loans[0].pk)
    if installment is None:
        return NoMatch(f"loan {loans[0].external_id} has nothing left to pay")
    return _first_waiting(installment, ledger)


def _first_waiting(installment: Installment, ledger: Ledger) -> Match:
    return Match(ledger.loans[installment.loan_id], installment, ledger.waiting.get(installment.pk))
