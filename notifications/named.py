"""What a message named: of each installment the amount and the due date that its reader saw.

A telling proves these figures and nothing else. A message for several leaves out what was paid or held when it was
worded, and a bank may have changed since what was told; so what is called proof is asked here, not of the rows as they
stand now.
"""

import logging
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from notifications.models import Delivery, Prompt
from notifications.wording.facts import Facts, FactsError

logger = logging.getLogger(__name__)
NAMES_IT: Final = """({delivery}.facts -> 'items' IS NULL OR EXISTS (
      SELECT FROM jsonb_array_elements({delivery}.facts -> 'items') AS item
      WHERE (item ->> 3)::bigint = installment.id OFFSET 0))"""
"""SQL, beside the table `installment`: of what one that names several names, this is one."""


class Named(NamedTuple):
    """What was to be paid, in the currency of the loan, and by when."""

    amount: Decimal
    due_on: date


def named(delivery: Delivery) -> dict[int, Named]:
    """By the installment's id, from what was kept of the message when it was handed over (`delivery.facts`).

    Empty where nothing was worded yet, of news of a payment or dispute, which ask for no installment, and where what
    was kept cannot be read, which the log says: one such row must not keep all others waiting. Read it with its prompt.
    """
    prompt, stored = delivery.prompt, delivery.facts or {}
    if prompt.kind not in Prompt.OF_FIGURES or not stored.keys() >= {"amount", "due_on"}:
        return {}
    try:
        facts = Facts.from_json(stored)
    except FactsError:
        logger.exception("The facts of delivery %s cannot be read", delivery.pk)
        return {}
    if facts.amount is None or facts.due_on is None:
        return {}
    if facts.items:
        return {item.installment_id: Named(item.amount, facts.due_on) for item in facts.items}
    return {prompt.installment_id or 0: Named(facts.amount, facts.due_on)} if _leads_itself(delivery) else {}


def paid_then(delivery: Delivery) -> dict[int, Decimal]:
    """How much of each installment was paid beside what this names, when it was worded, by the installment's id; those
    of which nothing was are left out. Of one that `named` can read.
    """
    return {int(pk): Decimal(paid) for pk, paid in (delivery.facts or {}).get("paid_then", ())}


def tells_of(delivery: Delivery, prompt: Prompt) -> bool:
    """Whether this delivery, of `prompt` or of the one that leads it, named what `prompt` is about, or is still to."""
    if prompt.kind not in Prompt.OF_FIGURES:
        return True
    if delivery.facts is not None:
        return prompt.installment_id in named(delivery)
    taken_back = delivery.status == Delivery.Status.CANCELLED
    return delivery.sent_at is None and delivery.delivered_at is None and (prompt.voided_at is None or taken_back)


def named_by_what_arrived(leading_ids: Collection[int]) -> set[tuple[int, int]]:
    """Of these leading prompts, each with the installments that a delivered message of theirs named; one query."""
    arrived = Delivery.objects.filter(prompt__in=leading_ids, status=Delivery.Status.DELIVERED)
    return {(one.prompt_id, pk) for one in arrived.select_related("prompt") for pk in named(one)}


def _leads_itself(delivery: Delivery) -> bool:
    """Of facts that were kept before one that alone was left of several had its item: not what was void by then."""
    voided_at, handed_at = delivery.prompt.voided_at, delivery.handed_at or delivery.sent_at
    return voided_at is None or handed_at is None or voided_at > handed_at
