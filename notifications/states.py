"""The delivery state machine, and the only writer of a delivery's status; `receipt_moves` is its hand for receipts.

    QUEUED ─claim─> SENDING ─accepted─> SENT ─receipt─> DELIVERED
      │                │ ├─receipt came first─> DELIVERED          (the late "sent" then changes nothing)
      │                │ ├─temporary─> RETRYING ─claim─> SENDING  (or: it was accepted after all ─> SENT;
      │                │ │                      nobody waits for it any more ─> CANCELLED or, in doubt, UNCONFIRMED)
      │                │ ├─permanent or exhausted─> FAILED
      │                │ └─outcome unknown─> UNCONFIRMED         SENT ─no receipt in time─> UNCONFIRMED
      └─paid, disputed, withdrawn, superseded─> CANCELLED        UNCONFIRMED ─late receipt─> DELIVERED | FAILED

Each change is a conditional UPDATE: the rows that it returns are the ones that moved, whatever else happened meanwhile.
DELIVERED, FAILED and CANCELLED are final, but for one thing: a receipt that says "delivered" beats FAILED, and
CANCELLED where an earlier attempt was in doubt. A mail's delivery report, which nobody signs, beats FAILED only where
we had given up ourselves (`receipt_statements`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from accounts.contact_points import mark_reached, mark_unreachable
from notifications.events import Fact, record_all
from notifications.ladder import LADDERS, OFF_THE_LADDER, Needs
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.partner_news import tell_arrived

Status = Delivery.Status

ALLOWED: Final[dict[str, frozenset[str]]] = {
    Status.SENT: frozenset({Status.SENDING, Status.RETRYING}),
    Status.RETRYING: frozenset({Status.SENDING}),
    Status.DELIVERED: frozenset(
        {Status.SENDING, Status.RETRYING, Status.SENT, Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED}
    ),
    Status.FAILED: frozenset({Status.SENDING, Status.RETRYING, Status.SENT, Status.UNCONFIRMED}),
    Status.UNCONFIRMED: frozenset({Status.SENDING, Status.SENT}),
    Status.CANCELLED: frozenset({Status.QUEUED, Status.RETRYING}),
}
"""Where a delivery may come from, by where it goes. SENDING is reached by `claiming` alone."""

_EVENTS: Final[dict[str, NoticeEvent.Kind]] = {
    Status.SENT: NoticeEvent.Kind.SENT,
    Status.RETRYING: NoticeEvent.Kind.RETRYING,
    Status.DELIVERED: NoticeEvent.Kind.DELIVERED,
    Status.FAILED: NoticeEvent.Kind.FAILED,
    Status.UNCONFIRMED: NoticeEvent.Kind.UNCONFIRMED,
    Status.CANCELLED: NoticeEvent.Kind.CANCELLED,
}

_ASKING: Final = [
    f"{kind}.{number}"
    for kind, ladder in LADDERS.items()
    for number, rung in enumerate(ladder.rungs)
    if rung.needs is Needs.ACKNOWLEDGED
]
"""Kinds of prompts with the rungs that ask for an answer."""
# What was being handed over when its prompt came to its end is not tried again: its borrower has said that they know,
# or was told in another way. An earlier attempt may have arrived. What an agent sends again is theirs. Who was told and
# has not said that they know is still asked by what surely was not taken, as by what waited for its next attempt then.
_TARGET: Final = f"""
CASE WHEN step.target <> 'retrying' OR prompt.status NOT IN ('cancelled', 'acknowledged', 'told')
          OR prompt.status <> 'cancelled' AND delivery.rung = {OFF_THE_LADDER}
          OR prompt.status = 'told' AND step.held_by = '' AND NOT step.in_doubt
             AND prompt.kind || '.' || delivery.rung = ANY(%(asking)s) THEN step.target
     WHEN step.in_doubt OR delivery.attempts > 1 THEN 'unconfirmed'
     ELSE 'cancelled' END"""
_UPDATE: Final = f"""
UPDATE notifications_delivery AS delivery
SET status = {_TARGET},
    reason = step.reason,
    provider_reference = COALESCE(NULLIF(step.provider_reference, ''), delivery.provider_reference),
    held_by = COALESCE(NULLIF(step.held_by, ''), delivery.held_by),
    attempts = delivery.attempts - (step.held_by <> '')::int,
    next_attempt_at = COALESCE(step.next_attempt_at, delivery.next_attempt_at),
    sent_at = CASE WHEN step.target IN ('sent', 'delivered') THEN COALESCE(delivery.sent_at, %(now)s)
                   ELSE delivery.sent_at END,
    delivered_at = CASE WHEN step.target = 'delivered' THEN %(now)s ELSE delivery.delivered_at END
FROM unnest(%(ids)s::bigint[], %(targets)s::text[], %(reasons)s::text[], %(references)s::text[],
            %(next)s::timestamptz[], %(rules)s::text[], %(doubts)s::boolean[])
         AS step (id, target, reason, provider_reference, next_attempt_at, held_by, in_doubt)
     , notifications_prompt AS prompt
WHERE delivery.id = step.id
  AND prompt.id = delivery.prompt_id
  AND delivery.status || '>' || step.target = ANY(%(allowed)s)
RETURNING delivery.id, delivery.status, delivery.channel, delivery.reason, delivery.prompt_id,
          delivery.contact_point_id, prompt.borrower_id, prompt.installment_id,
          CASE WHEN delivery.status = step.target THEN step.held_by ELSE '' END
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One wished move. `address_is_bad` is a provider's word that the contact point will never work; `held_by` is the
    rule that puts it off, which costs no attempt; `in_doubt`: what is to be tried again may have been taken.
    """

    delivery_id: int
    to: Delivery.Status
    reason: str = ""
    provider_reference: str = ""
    next_attempt_at: datetime | None = None
    held_by: str = ""
    address_is_bad: bool = False
    in_doubt: bool = False


HELD_BY: Final = "held by "
"""A reason that begins so goes on with the rule's name."""
SAID_NOTHING: Final = "answered, and nothing was said: "
"""A reason that begins so, of a call, goes on with why: it told nobody."""


def put_off_by(rule: str, delivery_id: int, until: datetime) -> Step:
    """The step that has a delivery wait for what a rule allows."""
    return Step(
        delivery_id=delivery_id, to=Status.RETRYING, reason=f"{HELD_BY}{rule}", next_attempt_at=until, held_by=rule
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """One move that happened."""

    delivery_id: int
    status: str
    channel: str
    reason: str
    prompt_id: int
    contact_point_id: int | None
    borrower_id: int
    installment_id: int | None
    held_by: str


def advance(steps: Sequence[Step], *, now: datetime) -> list[Moved]:
    """Make the moves that the machine allows and return those that happened.

    `steps` names each delivery at most once (ValueError otherwise: which of two moves came first is the caller's to
    know). The moves, their events, and what follows for prompts and contact points are one transaction.
    """
    if len({step.delivery_id for step in steps}) != len(steps):
        raise ValueError("Two steps for one delivery in one call.")
    if not steps:
        return []
    with transaction.atomic():
        moved = _update(steps, now)
        record_all((_fact(move) for move in moved), at=now)
        _nudge_ladders(moved, now)
        _mark_contact_points(steps, moved, now)
        tell_arrived({move.delivery_id for move in moved if move.status == Status.DELIVERED}, at=now)
    return moved


def _update(steps: Sequence[Step], now: datetime) -> list[Moved]:
    ordered = sorted(steps, key=lambda step: step.delivery_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _UPDATE,
            {
                "now": now,
                "ids": [step.delivery_id for step in ordered],
                "targets": [str(step.to) for step in ordered],
                "reasons": [step.reason[:200] for step in ordered],
                "references": [step.provider_reference[:120] for step in ordered],
                "next": [step.next_attempt_at for step in ordered],
                "rules": [step.held_by for step in ordered],
                "doubts": [step.in_doubt for step in ordered],
                "asking": _ASKING,
                "allowed": [f"{origin}>{target}" for target, origins in ALLOWED.items() for origin in origins],
            },
        )
        return [Moved(*row) for row in cursor.fetchall()]


def _fact(move: Moved) -> Fact:
    return Fact(
        kind=NoticeEvent.Kind.HELD if move.held_by else _EVENTS[move.status],
        borrower_id=move.borrower_id,
        installment_id=move.installment_id,
        prompt_id=move.prompt_id,
        delivery_id=move.delivery_id,
        data={"channel": move.channel, "reason": move.reason},
    )


def _nudge_ladders(moved: Iterable[Moved], now: datetime) -> None:
    """A telling that ended, well or badly, makes the ladder of its prompt look at once."""
    ended = {Status.DELIVERED, Status.FAILED, Status.UNCONFIRMED}
    prompts = {move.prompt_id for move in moved if move.status in ended}
    if prompts:
        Prompt.objects.live().filter(pk__in=prompts, look_again_at__gt=now).update(look_again_at=now)


def _mark_contact_points(steps: Sequence[Step], moved: Iterable[Moved], now: datetime) -> None:
    reached = {move.contact_point_id for move in moved if move.status == Status.DELIVERED and move.contact_point_id}
    if reached:
        mark_reached(sorted(reached))
    bad = {step.delivery_id: step.reason for step in steps if step.address_is_bad}
    if not bad:
        return
    points = Delivery.objects.filter(pk__in=bad, contact_point__isnull=False).values_list("pk", "contact_point_id")
    for delivery_id, contact_point_id in points:
        if contact_point_id:
            mark_unreachable([contact_point_id], reason=bad[delivery_id], now=now)
