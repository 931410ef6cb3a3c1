"""An agent decides about a booked credit that nothing was matched to. Each line is decided once, by one agent,
unless the decision is taken back (`taking_back`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from loans.intake.guessing import Guess, guesses
from loans.intake.moving import Accounts, read_accounts
from loans.intake.news import News
from loans.intake.settling import settle
from loans.models import Installment, Loan, Payment, StatementLine

MOST_SUGGESTIONS: Final = 20
LONGEST_REASON: Final = 200

Kept = StatementLine.Match


class CannotDecideError(Exception):
    """A line was not decided and nothing was changed. The text is for the agent; it names no person."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What the line could be: the likeliest installments, the likeliest first; payments that the platform saw, and
    installments with that very sum, the oldest first.
    """

    guesses: list[Guess]
    payments: list[Payment]
    installments: list[Installment]


def suggestions(line: StatementLine, agent: User) -> Suggestions:
    """Payments and open installments of the line's bank with its amount and currency; at most MOST_SUGGESTIONS each.

    None of the agent's own loans: about those a colleague decides.
    """
    bank = line.report.partner_id
    payments = Payment.objects.awaiting_bank().exclude(loan__borrower=agent)
    payments = payments.filter(loan__bank=bank, currency=line.currency, amount=line.amount, lines=None)
    installments = Installment.objects.open().exclude(loan__borrower=agent)
    installments = installments.filter(loan__bank=bank, loan__currency=line.currency, outstanding=line.amount)
    return Suggestions(
        [guess for guess in guesses(line) if guess.installment.loan.borrower_id != agent.pk],
        list(payments.select_related("installment", "loan__borrower").order_by("paid_on", "pk")[:MOST_SUGGESTIONS]),
        list(installments.select_related("loan__borrower").order_by("due_on", "pk")[:MOST_SUGGESTIONS]),
    )


@transaction.atomic
def match_line(
    *, line_id: int, installment_id: int, agent: User, now: datetime, payment_id: int | None = None
) -> Payment:
    """Book the line for this installment and tell the floors above.

    `payment_id` is the payment that the platform saw, if it is that one; without it, one of this installment and sum
    that awaits the bank is taken for it. Raises CannotDecideError where the line is decided already, is no credit, or
    does not fit the installment or the payment, or the loan is the agent's own; StatementLine.DoesNotExist,
    Installment.DoesNotExist, Payment.DoesNotExist.
    """
    line = _claim(line_id, match=Kept.MATCHED, decided_by=agent, decided_at=now, decided_for=installment_id)
    loan_id = Installment.objects.values_list("loan", flat=True).get(pk=installment_id)
    accounts = read_accounts({loan_id, line.loan_id or loan_id}, line.report)
    refuse_own({account.loan for account, _news in accounts.values()}, agent)
    payment = _fitting(line, installment_id, payment_id)
    book_for(line, loan_id, payment, accounts, now)
    News.of(news for _account, news in accounts.values()).send()
    line.refresh_from_db(fields=["payment"])
    if line.payment is None:
        raise CannotDecideError(_("This line cannot be booked for that installment."))
    return line.payment


@transaction.atomic
def set_aside(*, line_id: int, reason: str, agent: User, now: datetime) -> None:
    """Decide that the line is no payment of any loan and goes back; `reason` is kept with it. Raises CannotDecideError.

    A payment that it had made, because nothing was left to pay of its loan, is returned.
    """
    reason = reason.strip()
    if not reason:
        raise CannotDecideError(_("Say why the line is set aside."))
    line = _claim(line_id, match=Kept.SET_ASIDE, decided_by=agent, decided_at=now, why=reason[:LONGEST_REASON])
    if line.loan_id:
        accounts = read_accounts({line.loan_id}, line.report)
        refuse_own({account.loan for account, _news in accounts.values()}, agent)
        settle(accounts, now=now)
        News.of(news for _account, news in accounts.values()).send()


def refuse_own(loans: Iterable[Loan], agent: User) -> None:
    """Nobody at the desk moves money on a loan of their own. Raises CannotDecideError."""
    if any(loan.borrower_id == agent.pk for loan in loans):
        raise CannotDecideError(_("This is about a loan of your own: a colleague decides."))


def book_for(line: StatementLine, loan_id: int, payment: Payment | None, accounts: Accounts, now: datetime) -> None:
    """Book a decided line for this loan, as this payment if it is one that the platform saw.

    `accounts` are the loan and the one that the line was about before. What the line had made there is taken back.
    """
    if line.loan_id != loan_id:
        if line.loan_id and line.payment_id:
            accounts[line.loan_id][0].left.add(line.payment_id)
        line.payment = None
    line.loan_id, line.payment = loan_id, payment or line.payment
    line.save(update_fields=["loan", "payment"])
    settle(accounts, now=now)


def _claim(line_id: int, **decision: object) -> StatementLine:
    """The line, now decided. Undone with the transaction if the decision does not fit after all."""
    decided = StatementLine.objects.waiting().filter(pk=line_id).update(**decision)
    line = StatementLine.objects.select_related("report", "decided_by").get(pk=line_id)
    if not decided:
        raise CannotDecideError(
            _("This line is decided already: %(how)s, by %(who)s.")
            % {"how": line.get_match_display(), "who": line.decided_by or _("the intake")}
        )
    return line


def _fitting(line: StatementLine, installment_id: int, payment_id: int | None) -> Payment | None:
    installment = Installment.objects.select_related("loan").get(pk=installment_id)
    loan = installment.loan
    if line.reversal or line.side != "credit":
        raise CannotDecideError(_("This line takes money back or pays it out: it can be set aside, not matched."))
    if loan.bank_id != line.report.partner_id:
        raise CannotDecideError(_("Loan %(loan)s is of another bank.") % {"loan": loan.external_id})
    if loan.currency != line.currency:
        named = {"loan": loan.external_id, "currency": loan.currency}
        raise CannotDecideError(_("Loan %(loan)s is in %(currency)s.") % named)
    if installment.state == Installment.State.WITHDRAWN:
        raise CannotDecideError(_("The bank has withdrawn this installment from the schedule."))
    return _seen(installment, line) if payment_id is None else _chosen(installment, payment_id)


def _seen(installment: Installment, line: StatementLine) -> Payment | None:
    """Else the money would be on record twice: once as booked and once as on its way."""
    waiting = installment.payments.filter(status=Payment.Status.RECEIVED, amount=line.amount, lines=None)
    return waiting.order_by("pk").select_for_update(of=("self",), no_key=True).first()


def _chosen(installment: Installment, payment_id: int) -> Payment:
    """Locked, so that the intake cannot book it with another line at the same time."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if payment.loan_id != installment.loan_id:
        raise CannotDecideError(_("This payment is of another loan than the installment."))
    if payment.status != Payment.Status.RECEIVED or payment.lines.exists():
        raise CannotDecideError(_("This payment was booked by another line or returned meanwhile."))
    return payment
