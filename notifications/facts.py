"""What a prompt has to say now, read from the rows that it is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from loans.models import Dispute, Installment, Loan, Payment
from notifications.bundles import still_needed
from notifications.models import Delivery, Prompt
from notifications.timing import local_day
from notifications.wording.facts import FactItem, Facts


@dataclass(frozen=True, slots=True)
class Figures:
    """What the borrower was told of an installment before the bank changed it."""

    amount: Decimal
    due_on: date


def facts_of(
    prompt: Prompt, now: datetime, companions: Sequence[Prompt] = (), previous: Figures | None = None
) -> Facts:
    """The facts of `prompt` at `now`, in the borrower's language and calendar.

    Of a message for several installments it holds what is still needed: one that was paid meanwhile is left out.
    """
    if prompt.dispute:
        return _facts(prompt, prompt.dispute.loan, now, **_about_dispute(prompt.dispute))
    if prompt.payment:
        return _facts(prompt, prompt.payment.loan, now, **_about_payment(prompt.payment, prompt.payment.loan))
    needed = [one for one in (prompt, *companions) if still_needed(one)] if companions else [prompt]
    installments = [one.installment for one in needed or [prompt] if one.installment]
    if not installments:
        raise ValueError(f"Prompt {prompt.pk} is about nothing.")
    about = _about_installment(installments[0]) if len(installments) == 1 else _about_several(installments)
    if previous and len(installments) == 1:
        about |= {"previous_amount": previous.amount, "previous_due_on": previous.due_on}
    if prompt.kind == Prompt.Kind.PRIOR_NOTICE:
        about["report_on"] = report_on(prompt)
    return _facts(prompt, installments[0].loan, now, **about)


def report_on(prompt: Prompt) -> date:
    """The first day on which what a notice announces may be reported: `stage` days after it was planned."""
    return local_day(prompt.planned_at, prompt.borrower.zone) + timedelta(days=prompt.stage)


def previously_told(prompts: Iterable[Prompt]) -> dict[int, Figures]:
    """For prompts about figures that have changed, the last ones that their borrower was told; one query at most."""
    changed = [prompt for prompt in prompts if prompt.kind in Prompt.OF_FIGURES and prompt.version > 1]
    found: dict[int, Figures] = {}
    if not changed:
        return found
    before = Prompt.objects.about_installments({prompt.installment_id for prompt in changed if prompt.installment_id})
    told = Delivery.objects.filter(prompt__in=before, sent_at__isnull=False).exclude(facts=None)
    rows = told.order_by("sent_at").values_list("prompt__installment_id", "prompt__version", "facts")
    for installment_id, version, stored in rows:
        facts = Facts.from_json(stored or {})
        if facts.amount is None or facts.due_on is None or facts.items:
            continue
        for prompt in changed:
            if prompt.installment_id == installment_id and version < prompt.version:
                found[prompt.pk] = Figures(facts.amount, facts.due_on)
    return found


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


def _about_several(installments: Sequence[Installment]) -> dict[str, Any]:
    return {
        **_about_installment(installments[0]),
        "amount": sum((one.outstanding for one in installments), Decimal(0)),
        "payment_reference": "",
        "items": tuple(
            FactItem(loan_label(one.loan), one.outstanding, one.payment_reference, one.pk) for one in installments
        ),
    }


def _about_payment(payment: Payment, loan: Loan) -> dict[str, Any]:
    again: dict[str, Any] = {}
    if payment.status == Payment.Status.RETURNED and payment.installment:
        asked = _about_installment(payment.installment)
        again = {name: asked[name] for name in ("how_to_pay", "payment_reference")}
    return again | {
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
