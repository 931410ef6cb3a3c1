"""Whether what a prompt says is still to be told: asked when its deliveries are claimed, when its
message or a person names installments, and when its ladder climbs.

A message for several installments is needed as long as one of them needs it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from notifications.in_doubt import HOLDS
from notifications.models import Prompt

LASTS: Final = "(outage.ends_at IS NULL OR outage.ends_at > GREATEST(outage.starts_at, %(now)s))"
"""As SQL on the table `outage`: it is not over."""
# Two firms, or a firm and an operator, may say that the same thing is down: who was told of one is not told of the
# other, and what tells of the first stands while any of them lasts.
HELD_BY_ANY: Final = f"""
    SELECT FROM loans_outagehold AS hold JOIN loans_outage AS outage ON outage.id = hold.outage_id AND {LASTS}
    WHERE hold.installment_id = """
# News that are planned once a version wait while a firm has seen the money: where it comes back they are so still.
_STANDS: Final = """
{prompt}.voided_at IS NULL AND {prompt}.status <> 'cancelled'
AND {installment}.version = {prompt}.version
AND CASE WHEN {prompt}.kind = 'schedule_changed' AND {prompt}.stage = 1
         THEN {installment}.state = 'withdrawn'
              OR {installment}.state = 'settled' AND {installment}.paid = 0 AND {installment}.waived > 0
         WHEN {prompt}.kind IN ('schedule_changed', 'outage_declared')
         THEN {installment}.state IN ('open', 'awaiting_bank')
         ELSE {installment}.state = 'open' END
AND ({prompt}.kind <> 'outage_declared' OR EXISTS (
{held_by_any}{installment}.id OFFSET 0))
"""
# A kind is named after the status. That it came back is news while it leaves something to be paid.
_SAYS: Final = """{kind} = 'payment_' || payment.status
      AND (payment.status <> 'returned' OR COALESCE(paid_for.state = 'open', true))"""
_IS_SO: Final = f"""
({{prompt}}.payment_id IS NULL OR EXISTS (
    SELECT FROM loans_payment AS payment
    LEFT JOIN loans_installment AS paid_for ON paid_for.id = payment.installment_id
    WHERE payment.id = {{prompt}}.payment_id AND {_SAYS.format(kind="{prompt}.kind")}
    OFFSET 0))
"""
_DISPUTED: Final = """
EXISTS (
    SELECT 1 FROM loans_dispute AS disputed
    WHERE disputed.loan_id = {installment}.loan_id AND disputed.status <> 'decided'
      AND (disputed.installment_id IS NULL OR disputed.installment_id = {installment}.id))
"""
_IN_OUTAGE: Final = """
EXISTS (
    SELECT 1 FROM loans_outagehold AS hold
    WHERE hold.installment_id = {installment}.id AND (hold.held_until IS NULL OR hold.held_until > %(now)s)
    OFFSET 0)
"""
_UNHELD: Final = f"""
{{installment}}.state <> 'awaiting_bank'
AND ({{prompt}}.kind <> ALL(%(held_by_dispute)s) OR NOT {_DISPUTED} AND NOT {_IN_OUTAGE} AND NOT {{in_doubt}})
"""
PAID: Final = "paid"
KINDS: Final[dict[str, list[str]]] = {
    "of_figures": list(Prompt.OF_FIGURES),
    "held_by_dispute": list(Prompt.HELD_BY_DISPUTE),
}
"""What `stands` and `may_be_told` are asked with, beside `now`."""


def stands(prompt: str, installment: str) -> str:
    """As SQL on these tables: the installment of a prompt of figures is owed as the prompt says it, or no longer owed
    where the prompt says that, and where it tells of an outage one that touches the installment is not over.
    """
    return _STANDS.format(prompt=prompt, installment=installment, held_by_any=HELD_BY_ANY)


def is_so(prompt: str) -> str:
    """As SQL on this table: the payment of a prompt that tells of one has the status that it tells of."""
    return _IS_SO.format(prompt=prompt)


def is_news(kind: str) -> str:
    """As SQL on the tables `payment` and, as `paid_for`, what it was for: news of this kind, an expression, would be so
    of it now.
    """
    return _SAYS.format(kind=kind)


def may_be_told(prompt: str, installment: str) -> str:
    """As SQL on these tables: it stands, and no dispute, outage, doubt or money on its way holds it."""
    unheld = _UNHELD.format(prompt=prompt, installment=installment, in_doubt=_in_doubt(installment))
    return f"{stands(prompt, installment)} AND {unheld}"


def held_by(installment: str) -> str:
    """As SQL on this table: what holds all that is demanded of it, in a word; empty where nothing does. That a firm has
    seen the money, `PAID`, holds news, too.
    """
    disputed, in_outage = (one.format(installment=installment) for one in (_DISPUTED, _IN_OUTAGE))
    return (
        f"CASE WHEN {installment}.state = 'awaiting_bank' THEN '{PAID}' "
        f"WHEN {disputed} THEN 'disputed' WHEN {in_outage} THEN 'outage' "
        f"WHEN {_in_doubt(installment)} THEN 'in_doubt' ELSE '' END"
    )


def _in_doubt(installment: str) -> str:
    return HOLDS.format(loan=f"{installment}.loan_id", installment=f"{installment}.id")


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
