"""What a prompt has to say now, read from the rows that it is about."""

from datetime import datetime
from typing import Any

from django.conf import settings

from loans.models import Dispute, Installment, Loan, Payment
from notifications.models import Prompt
from notifications.timing import local_day
from notifications.wording.facts import Facts


def facts_of(prompt: Prompt, now: datetime) -> Facts:
    """The facts of `prompt` at `now`, in the borrower's language and calendar."""
    if prompt.dispute:
        return _facts(prompt, prompt.dispute.loan, now, **_about_dispute(prompt.dispute))
    if prompt.payment:
        return _facts(prompt, prompt.payment.loan, now, **_about_payment(prompt.payment, prompt.payment.loan))
    if prompt.installment:
        return _facts(prompt, prompt.installment.loan, now, **_about_installment(prompt.installment))
    raise ValueError(f"Prompt {prompt.pk} is about nothing.")


def loan_label(loan: Loan) -> str:
    """The loan as its borrower knows it, without the whole number: "Phone plan ··0017"."""
    return f"{loan.product} ··{loan.external_id[-4:]}".strip()


def _facts(prompt: Prompt, loan: Loan, now: datetime, **about: Any) -> Facts:
    return Facts(
        language=prompt.borrower.locale,
        today=local_day(now, prompt.borrower.zone),
        bank_name=loan.bank.name,
        platform_name=loan.platform.name if loan.platform else "",
        borrower_name=prompt.borrower.name,
        support_phone=loan.bank.phone,
        portal_url=settings.PUBLIC_URL,
        loan_label=loan_label(loan),
        currency=loan.currency,
        **about,
    )


def _about_installment(installment: Installment) -> dict[str, Any]:
    loan = installment.loan
    return {
        "amount": installment.outstanding,
        "due_on": installment.due_on,
        "how_to_pay": (loan.platform or loan.bank).how_to_pay or loan.bank.how_to_pay,
        "payment_reference": installment.payment_reference,
    }


def _about_payment(payment: Payment, loan: Loan) -> dict[str, Any]:
    return {
        "amount": payment.amount,
        "paid_on": payment.paid_on,
        "other_firm": loan.bank.name,
        "usual_lag_days": loan.bank.usual_lag_days,
    }


def _about_dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "dispute_number": dispute.receipt_number,
        "answer_by": dispute.answer_due_on,
        "decision": dispute.decision,
    }
