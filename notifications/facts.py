"""What a prompt has to say now, read from the rows that it is about."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from loans.answering import firm_to_call
from loans.models import Payment
from notifications.models import Delivery, Prompt
from notifications.report_day import counted_from
from notifications.tellings import Companion, Firm, Telling
from notifications.timing import local_day
from notifications.wording.facts import FactItem, Facts, FactsError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the borrower was told of an installment before the bank changed it."""

    amount: Decimal
    due_on: date


def facts_of(
    telling: Telling,
    now: datetime,
    firms: Mapping[int, Firm],
    companions: Sequence[Companion] = (),
    previous: Figures | None = None,
    promised: date | None = None,
) -> Facts:
    """The facts of `telling` at `now`, in the borrower's language and calendar. `promised` is the day of a report that
    was told before (`report_day`).

    Of a message for several installments it holds what is still needed: one that was paid meanwhile is left out.
    Raises ValueError for a prompt that is about nothing.
    """
    loan: Telling | Companion = telling
    if telling.dispute_number is not None:
        about = _about_dispute(telling)
    elif telling.payment_status is not None:
        about = _about_payment(telling, firms)
    else:
        loan, about = _about_figures(telling, companions, firms, previous)
        if telling.kind == Prompt.Kind.PRIOR_NOTICE:
            about["report_on"] = promised or counted_from(now, telling.stage, telling.zone)
    bank, platform = firms[loan.bank_id], firms[loan.platform_id] if loan.platform_id else None
    return Facts(
        language=telling.language,
        today=local_day(now, telling.zone),
        bank_name=bank.name,
        platform_name=platform.name if platform else "",
        borrower_name=telling.borrower_name,
        support_phone=firm_to_call(bank, platform).phone,
        portal_url=settings.PUBLIC_URL,
        loan_label=loan_label(loan),
        currency=loan.currency,
        **about,
    )


def previously_told(tellings: Iterable[Telling]) -> dict[int, Figures]:
    """For prompts about figures that have changed, the last ones that their borrower was told; one query at most.

    What cannot be read is passed over, which the log says: one such row must not keep all others waiting.
    """
    changed = [telling for telling in tellings if telling.kind in Prompt.OF_FIGURES and telling.version > 1]
    found: dict[int, Figures] = {}
    if not changed:
        return found
    before = Prompt.objects.about_installments({one.installment_id for one in changed if one.installment_id})
    theirs = before.filter(borrower__in={one.borrower_id for one in changed})
    told = Delivery.objects.filter(prompt__in=theirs, sent_at__isnull=False).exclude(facts=None)
    rows = told.order_by("sent_at").values_list("prompt__installment_id", "prompt__version", "facts")
    for installment_id, version, stored in rows:
        try:
            facts = Facts.from_json(stored or {})
        except FactsError:
            logger.exception("What was told of installment %s cannot be read", installment_id)
            continue
        if facts.amount is None or facts.due_on is None or _named_others(facts, installment_id):
            continue
        for telling in changed:
            if telling.installment_id == installment_id and version < telling.version:
                found[telling.prompt_id] = Figures(facts.amount, facts.due_on)
    return found


def _named_others(facts: Facts, installment_id: int) -> bool:
    return bool(facts.items) and [item.installment_id for item in facts.items] != [installment_id]


def loan_label(loan: Telling | Companion) -> str:
    """The loan as its borrower knows it, without the whole number: "Phone plan ··0017"."""
    return f"{loan.product} ··{loan.loan_tail}".strip()


def _about_figures(
    telling: Telling, companions: Sequence[Companion], firms: Mapping[int, Firm], previous: Figures | None
) -> tuple[Telling | Companion, dict[str, Any]]:
    """The installment that is named first, or alone, and the facts."""
    if telling.outstanding is None:
        raise ValueError(f"Prompt {telling.prompt_id} is about nothing.")
    all_named: list[Telling | Companion] = [telling, *companions]
    several = [one for one in all_named if one.needed] or [telling] if companions else all_named
    about = _about_installment(several[0], firms)
    if companions:
        about["items"] = _items(several)
    if len(several) > 1:
        amounts = (one.outstanding or Decimal(0) for one in several)
        about |= {"amount": sum(amounts, Decimal(0)), "payment_reference": ""}
    elif previous and several[0] is telling:
        about |= {"previous_amount": previous.amount, "previous_due_on": previous.due_on}
    return several[0], about


def _about_installment(one: Telling | Companion, firms: Mapping[int, Firm]) -> dict[str, Any]:
    bank = firms[one.bank_id]
    return {
        "amount": one.outstanding,
        "due_on": one.due_on,
        "how_to_pay": (firms[one.platform_id] if one.platform_id else bank).how_to_pay or bank.how_to_pay,
        "payment_reference": one.payment_reference,
    }


def _items(named: Sequence[Telling | Companion]) -> tuple[FactItem, ...]:
    return tuple(
        FactItem(loan_label(one), one.outstanding or Decimal(0), one.payment_reference or "", one.installment_id or 0)
        for one in named
    )


def _about_payment(telling: Telling, firms: Mapping[int, Firm]) -> dict[str, Any]:
    again: dict[str, Any] = {}
    if telling.payment_status == Payment.Status.RETURNED and telling.outstanding is not None:
        asked = _about_installment(telling, firms)
        again = {name: asked[name] for name in ("how_to_pay", "payment_reference")}
    bank = firms[telling.bank_id]
    return again | {
        "amount": telling.paid,
        "paid_on": telling.paid_on,
        "other_firm": bank.name,
        "usual_lag_days": bank.usual_lag_days,
    }


def _about_dispute(telling: Telling) -> dict[str, Any]:
    return {
        "dispute_number": telling.dispute_number,
        "answer_by": telling.answer_by,
        "decision": telling.decision,
    }
