"""What a prompt has to say now, read from the rows that it is about."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings

from accounts.models.user import zone_of
from loans.answering import firm_to_call
from loans.models import Payment
from notifications.figures_before import Before
from notifications.left_to_pay import Left
from notifications.models import Prompt
from notifications.report_day import counted_from
from notifications.tellings import Companion, Firm, Telling
from notifications.timing import local_day
from notifications.wording.facts import FactItem, Facts


def facts_of(
    telling: Telling,
    now: datetime,
    firms: Mapping[int, Firm],
    companions: Sequence[Companion] = (),
    before: Mapping[int, Before] | None = None,
    promised: date | None = None,
    left: Left | None = None,
    on_its_way: Mapping[int, Decimal | None] | None = None,
) -> Facts:
    """The facts of `telling` at `now`, in the borrower's language and calendar. `before` is what was told of each
    prompt's installment, `promised` the day of a report that was told before (`report_day`), `left` what the payment
    that it tells of leaves to be paid, `on_its_way` how much of each installment is on its way to the bank.

    Of a message for several installments it holds what is still needed: one that was paid meanwhile is left out.
    Raises ValueError for a prompt that is about nothing.
    """
    loan: Telling | Companion = telling
    if telling.dispute_number is not None:
        about = _about_dispute(telling)
    elif telling.payment_status is not None:
        about = _about_payment(telling, firms, left or Left())
    else:
        loan, about = _about_figures(telling, companions, firms, before or {})
        if on_its_way and telling.names_what_is_owed:
            about["on_way"] = _on_way(about["amount"], _several(telling, companions), on_its_way)
        if telling.kind == Prompt.Kind.PRIOR_NOTICE:
            about["report_on"] = promised or counted_from(now, telling.stage, telling.zone)
    bank, platform = firms[loan.bank_id], firms[loan.platform_id] if loan.platform_id else None
    return Facts(
        language=telling.language,
        today=_today(now, telling.time_zone),
        bank_name=bank.name,
        platform_name=platform.name if platform else "",
        borrower_name=telling.borrower_name,
        support_phone=firm_to_call(bank, platform).phone,
        portal_url=settings.PUBLIC_URL,
        loan_label=loan_label(loan),
        currency=loan.currency,
        **about,
    )


@lru_cache(maxsize=1024)
def _today(now: datetime, time_zone: str) -> date:
    """The day of `now` in the zone of that name: those of a block share both."""
    return local_day(now, zone_of(time_zone)[0])


def loan_label(loan: Telling | Companion) -> str:
    """The loan as its borrower knows it, without the whole number: "Phone plan ··0017"."""
    return f"{loan.product} ··{loan.loan_tail}".strip()


def _about_figures(
    telling: Telling,
    companions: Sequence[Companion],
    firms: Mapping[int, Firm],
    before: Mapping[int, Before],
) -> tuple[Telling | Companion, dict[str, Any]]:
    """The installment that is named first, or alone, and the facts."""
    if telling.outstanding is None:
        raise ValueError(f"Prompt {telling.prompt_id} is about nothing.")
    several = _several(telling, companions)
    if telling.says_withdrawn:
        several = [_as_told(one, before.get(one.prompt_id)) for one in several]
    about, says_paid = _about_installment(several[0], firms), telling.says_changed
    about["paid_then"] = tuple((one.installment_id or 0, one.already_paid) for one in several if one.already_paid)
    if companions:
        about["items"] = tuple(_item(one, before.get(one.prompt_id), says_paid=says_paid) for one in several)
    if len(several) > 1:
        amounts = (one.outstanding or Decimal(0) for one in several)
        about |= {"amount": sum(amounts, Decimal(0)), "payment_reference": ""}
        return several[0], about
    about["part_paid"] = _part_paid(several[0]) if says_paid else None
    if known := before.get(several[0].prompt_id):
        about |= {"instead_amount": known.instead} if telling.says_withdrawn else known.as_facts()
    return several[0], about


def _part_paid(one: Telling | Companion) -> Decimal | None:
    """How much of it is paid already; None where nothing is, or all."""
    return one.already_paid or None if one.outstanding else None


def _several(telling: Telling, companions: Sequence[Companion]) -> list[Telling | Companion]:
    """What the message names: all of it that is still needed."""
    all_named: list[Telling | Companion] = [telling, *companions]
    return [one for one in all_named if one.needed] or [telling] if companions else all_named


def _on_way(
    amount: Decimal, several: Iterable[Telling | Companion], on_its_way: Mapping[int, Decimal | None]
) -> Decimal | None:
    """How much of this amount; None where nothing is, or nobody can say what that leaves to be paid."""
    named = {one.installment_id or 0 for one in several}
    seen = [on_its_way[pk] for pk in named & on_its_way.keys()]
    surely = [each for each in seen if each is not None]
    on_way = sum(surely, Decimal(0))
    return on_way if len(surely) == len(seen) and 0 < on_way < amount else None


def _as_told(one: Telling | Companion, before: Before | None) -> Telling | Companion:
    """What is withdrawn is spoken of in the figures that its borrower knows."""
    return one._replace(outstanding=before.amount, due_on=before.due_on) if before else one


def _about_installment(one: Telling | Companion, firms: Mapping[int, Firm]) -> dict[str, Any]:
    bank = firms[one.bank_id]
    return {
        "amount": one.outstanding,
        "due_on": one.due_on,
        "how_to_pay": (firms[one.platform_id] if one.platform_id else bank).how_to_pay or bank.how_to_pay,
        "payment_reference": one.payment_reference,
    }


def _item(one: Telling | Companion, before: Before | None, *, says_paid: bool) -> FactItem:
    amount, paid = one.outstanding or Decimal(0), _part_paid(one) if says_paid else None
    item = FactItem(loan_label(one), amount, one.payment_reference or "", one.installment_id or 0, part_paid=paid)
    if before is None or before.withdrawn:
        return item
    return item._replace(previous_amount=before.amount, previous_due_on=before.due_on)


def _about_payment(telling: Telling, firms: Mapping[int, Firm], left: Left) -> dict[str, Any]:
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
        "rest": left.rest,
        "due_on": left.due_on,
        "paid_off": loan_label(telling) if left.paid_off else "",
    }


def _about_dispute(telling: Telling) -> dict[str, Any]:
    return {
        "dispute_number": telling.dispute_number,
        "answer_by": telling.answer_by,
        "decision": telling.decision,
    }
