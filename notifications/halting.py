"""Throws and lifts the operator's kill switch, and says what it stops."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from accounts.models import User
from loans.models import Partner
from notifications.models import Halt, Prompt
from notifications.prepared import prepared_cursor

# Asked for each block of a sending: by the ORM it cost 3 µs a message.
_IN_FORCE: Final = """
SELECT kind, COALESCE(partner_id, 0) FROM notifications_halt WHERE ended_at IS NULL AND channel IN ('', %(channel)s)
"""
_PARTNER: Final = """
AND NOT EXISTS (
    SELECT 1 FROM unnest(%(halted_kinds)s::text[], %(halted_partners)s::bigint[]) AS halt (kind, partner)
    JOIN loans_loan AS loan ON halt.partner = 0 OR halt.partner IN (loan.bank_id, loan.platform_id)
    WHERE (halt.kind = '' OR halt.kind = prompt.kind)
      AND loan.id = COALESCE(
        (SELECT loan_id FROM loans_installment WHERE id = prompt.installment_id),
        (SELECT loan_id FROM loans_payment WHERE id = prompt.payment_id),
        (SELECT loan_id FROM loans_dispute WHERE id = prompt.dispute_id)))
"""


class AlreadyLiftedError(Exception):
    """The halt was lifted before. The text says by whom is not known here: look at the halt."""


def halts_for(channel: str) -> tuple[str, dict[str, Any]]:
    """The condition, on `prompt`, that keeps a claim from what is halted on `channel` now, and its parameters.

    Empty where nothing is.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_IN_FORCE, {"channel": channel})
        rows: list[tuple[str, int]] = cursor.fetchall()
    if not rows:
        return "", {}
    if any(row == ("", 0) for row in rows):
        return "AND FALSE", {}
    return _PARTNER, {
        "halted_kinds": [kind for kind, _partner_id in rows],
        "halted_partners": [partner_id for _kind, partner_id in rows],
    }


def halted_everywhere(prompts: Iterable[Prompt]) -> set[int]:
    """The ids of those of which nothing is handed over on any channel; one query. Read them with their loans."""
    rows = list(Halt.objects.in_force().filter(channel="").values_list("kind", "partner_id"))
    return {prompt.pk for prompt in prompts if any(_fits(prompt, *row) for row in rows)} if rows else set()


def _fits(prompt: Prompt, kind: str, partner_id: int | None) -> bool:
    return kind in {"", prompt.kind} and partner_id in {None, prompt.loan.bank_id, prompt.loan.platform_id}


def halt(
    *, reason: str, by: User | None, now: datetime, channel: str = "", kind: str = "", partner: Partner | None = None
) -> Halt:
    """Stop what fits from now on; an empty value fits all. Raises ValueError without a reason."""
    if not reason.strip():
        raise ValueError("A halt needs a reason: who reads of it later must know why nothing went out.")
    return Halt.objects.create(
        channel=channel, kind=kind, partner=partner, reason=reason.strip()[:200], by=by, since=now
    )


@transaction.atomic
def lift(halt_id: int, *, by: User | None, now: datetime) -> None:
    """Let what waits go out again. Raises AlreadyLiftedError; the caller wakes the senders on commit."""
    if not Halt.objects.in_force().filter(pk=halt_id).update(ended_at=now, ended_by=by):
        raise AlreadyLiftedError(f"Halt {halt_id} is not in force.")
