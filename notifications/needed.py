"""Whether an installment is still to be told as its prompt was planned, as SQL: to claim a message, and to name it."""

from typing import Final

from notifications.in_doubt import HOLDS
from notifications.models import Prompt

_NEEDED: Final = """
{prompt}.voided_at IS NULL AND {prompt}.status <> 'cancelled'
AND {installment}.state = 'open' AND {installment}.version = {prompt}.version
AND ({prompt}.kind <> ALL(%(held_by_dispute)s) OR NOT EXISTS (
    SELECT 1 FROM loans_dispute AS disputed
    WHERE disputed.loan_id = {installment}.loan_id AND disputed.status <> 'decided'
      AND (disputed.installment_id IS NULL OR disputed.installment_id = {installment}.id)) AND NOT EXISTS (
    SELECT 1 FROM loans_outagehold AS hold
    WHERE hold.installment_id = {installment}.id AND (hold.held_until IS NULL OR hold.held_until > %(now)s)
    OFFSET 0) AND NOT {in_doubt})
"""

HELD_KINDS: Final[list[str]] = list(Prompt.HELD_BY_DISPUTE)
"""The parameter `held_by_dispute` of what `needed` gives; `now` is the other one."""


def needed(prompt: str, installment: str) -> str:
    """The condition on these two tables of a statement: open, unchanged, and held by no dispute, outage or doubt."""
    in_doubt = HOLDS.format(loan=f"{installment}.loan_id", installment=f"{installment}.id")
    return _NEEDED.format(prompt=prompt, installment=installment, in_doubt=in_doubt)
