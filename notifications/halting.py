"""Throws and lifts the operator's kill switch, and says what it stops.

What a firm has sent and nobody has applied stops something, too: it may say that what is called overdue was paid.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from accounts.models import User
from loans.models import Partner
from notifications.models import Alarm, Halt, Prompt
from notifications.prepared import prepared_cursor

# Asked for each block of a sending: by the ORM it cost 3 µs a message.
_IN_FORCE: Final = """
SELECT kind, COALESCE(partner_id, 0) FROM notifications_halt WHERE ended_at IS NULL AND channel IN ('', %(channel)s)
UNION ALL
SELECT demand, (facts ->> 'partner')::bigint
FROM notifications_alarm CROSS JOIN unnest(%(demands)s::text[]) AS demand
WHERE notifications_alarm.kind = 'unread' AND closed_at IS NULL
"""
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.halting'))"
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
        cursor.execute(_IN_FORCE, {"channel": channel, "demands": list(Prompt.HELD_BY_DISPUTE)})
        rows: list[tuple[str, int]] = cursor.fetchall()
    if not rows:
        return "", {}
    if any(row == ("", 0) for row in rows):
        return "AND FALSE", {}
    return _PARTNER, {
        "halted_kinds": [kind for kind, _partner_id in rows],
        "halted_partners": [partner_id for _kind, partner_id in rows],
    }


def halted_everywhere(prompts: Iterable[Prompt], ways: Mapping[int, Collection[str]]) -> set[int]:
    """The ids of those of which nothing is handed over on any channel that is open to them: `ways` names these, by
    prompt. One query. Read the prompts with their loans.
    """
    rows = list(Halt.objects.in_force().values_list("channel", "kind", "partner_id"))
    if not rows:
        return set()
    halted = {
        prompt.pk: {channel for channel, kind, partner_id in rows if _fits(prompt, kind, partner_id)}
        for prompt in prompts
    }
    return {pk for pk, channels in halted.items() if "" in channels or (ways[pk] and channels.issuperset(ways[pk]))}


def _fits(prompt: Prompt, kind: str, partner_id: int | None) -> bool:
    return kind in {"", prompt.kind} and partner_id in {None, prompt.loan.bank_id, prompt.loan.platform_id}


def unread_firms() -> set[int]:
    """Of which something lies unapplied for too long, by id: of their loans nothing is demanded meanwhile."""
    return set(Alarm.objects.open().filter(kind=Alarm.Kind.UNREAD).values_list("facts__partner", flat=True))


def held_unread(prompts: Collection[Prompt]) -> set[int]:
    """Those of these that demand what such a firm may have said to be paid, by id; one query where any demands."""
    demanding = [prompt for prompt in prompts if prompt.kind in Prompt.HELD_BY_DISPUTE]
    firms = unread_firms() if demanding else set()
    return {prompt.pk for prompt in demanding if firms & {prompt.loan.bank_id, prompt.loan.platform_id}}


def waits_for(prompt: Prompt) -> Partner | None:
    """The firm whose messages lie unapplied and keep this prompt from being handed over; one query or two."""
    if prompt.kind not in Prompt.HELD_BY_DISPUTE:
        return None
    firms = {prompt.loan.bank_id, prompt.loan.platform_id}
    return Partner.objects.filter(pk__in=unread_firms() & firms).order_by("pk").first()


def halts_of(prompt: Prompt, channel: str) -> list[Halt]:
    """Those in force that keep this prompt from being handed over on `channel`, with their partners."""
    halts = Halt.objects.in_force().filter(channel__in=["", channel]).select_related("partner").order_by("pk")
    return [halt for halt in halts if _fits(prompt, halt.kind, halt.partner_id)]


@transaction.atomic
def halt(
    *, reason: str, by: User | None, now: datetime, channel: str = "", kind: str = "", partner: Partner | None = None
) -> Halt:
    """Stop what fits from now on; an empty value fits all. Raises ValueError without a reason, and for one that is too
    long, in the words of the desk.

    Where just this is halted already, that halt is the answer, with its own `since`: of a pair, one would go on when
    the other is lifted.
    """
    reason = reason.strip()
    if not reason:
        raise ValueError("A halt needs a reason: who reads of it later must know why nothing went out.")
    try:
        Halt._meta.get_field("reason").run_validators(reason)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    there = Halt.objects.in_force().filter(channel=channel, kind=kind, partner=partner).order_by("pk").first()
    return there or Halt.objects.create(channel=channel, kind=kind, partner=partner, reason=reason, by=by, since=now)


@transaction.atomic
def lift(halt_id: int, *, by: User | None, now: datetime) -> None:
    """Let what waits go out again. Raises AlreadyLiftedError; the caller wakes the senders on commit."""
    if not Halt.objects.in_force().filter(pk=halt_id).update(ended_at=now, ended_by=by):
        raise AlreadyLiftedError(f"Halt {halt_id} is not in force.")


def still_halting(lifted_ids: Collection[int]) -> list[Halt]:
    """The halts in force that hold some of what these have held, with their partners."""
    lifted = list(Halt.objects.filter(pk__in=lifted_ids).select_related("partner"))
    halts = Halt.objects.in_force().exclude(pk__in=lifted_ids).select_related("partner").order_by("pk")
    return [halt for halt in halts if any(_overlap(halt, one) for one in lifted)]


def _overlap(one: Halt, other: Halt) -> bool:
    """Loans of a bank and of a platform may be the same, those of two banks are not."""
    if one.partner and other.partner and one.partner != other.partner and one.partner.kind == other.partner.kind:
        return False
    pairs = (one.channel, other.channel), (one.kind, other.kind)
    return all("" in pair or pair[0] == pair[1] for pair in pairs)
