"""Whether what a prompt says is still to be told: asked when its deliveries are claimed, when its
message names installments, and when its ladder climbs.

A message for several installments is needed as long as one of them needs it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from notifications.in_doubt import HOLDS
from notifications.models import Prompt

_STANDS: Final = """
{prompt}.voided_at IS NULL AND {prompt}.status <> 'cancelled'
AND {installment}.version = {prompt}.version
AND {installment}.state = CASE WHEN {prompt}.kind = 'schedule_changed' AND {prompt}.stage = 1
                               THEN 'withdrawn' ELSE 'open' END
AND ({prompt}.kind <> 'outage_declared' OR EXISTS (
    SELECT FROM loans_outage AS outage
    WHERE outage.id = {prompt}.stage
      AND (outage.ends_at IS NULL OR outage.ends_at > GREATEST(outage.starts_at, %(now)s))
    OFFSET 0))
"""
# Its kind is named after the status. That it came back is news while it leaves something to be paid.
_IS_SO: Final = """
({prompt}.payment_id IS NULL OR EXISTS (
    SELECT FROM loans_payment AS payment
    LEFT JOIN loans_installment AS paid_for ON paid_for.id = payment.installment_id
    WHERE payment.id = {prompt}.payment_id AND {prompt}.kind = 'payment_' || payment.status
      AND (payment.status <> 'returned' OR COALESCE(paid_for.state = 'open', true))
    OFFSET 0))
"""
_UNHELD: Final = """
({prompt}.kind <> ALL(%(held_by_dispute)s) OR NOT EXISTS (
    SELECT 1 FROM loans_dispute AS disputed
    WHERE disputed.loan_id = {installment}.loan_id AND disputed.status <> 'decided'
      AND (disputed.installment_id IS NULL OR disputed.installment_id = {installment}.id)) AND NOT EXISTS (
    SELECT 1 FROM loans_outagehold AS hold
    WHERE hold.installment_id = {installment}.id AND (hold.held_until IS NULL OR hold.held_until > %(now)s)
    OFFSET 0) AND NOT {in_doubt})
"""
KINDS: Final[dict[str, list[str]]] = {
    "of_figures": list(Prompt.OF_FIGURES),
    "held_by_dispute": list(Prompt.HELD_BY_DISPUTE),
}
"""What `stands` and `may_be_told` are asked with, beside `now`."""


def stands(prompt: str, installment: str) -> str:
    """As SQL on these tables: the installment of a prompt of figures is owed as the prompt says it, or no longer owed
    where the prompt says that, and the outage that it tells of is not over.
    """
    return _STANDS.format(prompt=prompt, installment=installment)


def is_so(prompt: str) -> str:
    """As SQL on this table: the payment of a prompt that tells of one has the status that it tells of."""
    return _IS_SO.format(prompt=prompt)


def may_be_told(prompt: str, installment: str) -> str:
    """As SQL on these tables: it stands, and no dispute, outage or doubt holds it."""
    in_doubt = HOLDS.format(loan=f"{installment}.loan_id", installment=f"{installment}.id")
    unheld = _UNHELD.format(prompt=prompt, installment=installment, in_doubt=in_doubt)
    return f"{stands(prompt, installment)} AND {unheld}"


ALL_NAMED: Final = """
FROM unnest(%(ids)s::bigint[]) AS told (id)
CROSS JOIN LATERAL (
    SELECT prompt.* FROM notifications_prompt AS prompt WHERE prompt.id = told.id
    UNION ALL
    SELECT companion.* FROM notifications_prompt AS companion WHERE companion.told_with_id = told.id) AS prompt
JOIN loans_installment AS installment ON installment.id = prompt.installment_id"""
"""As SQL on leading prompts of these `ids`: what the message of each, `told`, names, as `prompt` and `installment`."""

_LOOK: Final = f"""
SELECT told.id, bool_or({stands("prompt", "installment")}), bool_or({may_be_told("prompt", "installment")}) {ALL_NAMED}
WHERE prompt.kind = ANY(%(of_figures)s)
GROUP BY told.id
UNION ALL
SELECT news.id, {is_so("news")}, true
FROM notifications_prompt AS news
WHERE news.id = ANY(%(ids)s::bigint[]) AND news.payment_id IS NOT NULL
"""  # noqa: S608  (nothing of it comes from outside)


_HELD_COMPANIONS: Final = f"""
SELECT companion.id FROM notifications_prompt AS companion
JOIN loans_installment AS installment ON installment.id = companion.installment_id
WHERE companion.told_with_id = %(leading)s AND {stands("companion", "installment")}
  AND NOT ({may_be_told("companion", "installment")})
"""  # noqa: S608


class Look(NamedTuple):
    """Of leading prompts those of which nothing is needed any more, and those of which what is may not be told now."""

    over: set[int]
    held: set[int]


def look(leading_ids: Sequence[int], *, now: datetime) -> Look:
    """What has become of these leading prompts."""
    found = Look(set(), set())
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"ids": list(leading_ids), "now": now, **KINDS})
        for pk, is_needed, is_free in cursor.fetchall():
            if not is_needed:
                found.over.add(pk)
            elif not is_free:
                found.held.add(pk)
    return found


def held_companions(leading_id: int, *, now: datetime) -> set[int]:
    """What is told together with this prompt, still to be told and not now."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD_COMPANIONS, {"leading": leading_id, "now": now, **KINDS})
        return {row[0] for row in cursor.fetchall()}
