"""Holds what would tell a person more often than the caps of their jurisdiction allow, both firms counted together."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from notifications.caps import LOOK_BACK, Held, next_allowed
from notifications.models import Delivery
from notifications.policy import PURPOSES, Policy, purpose_of
from notifications.policy_files import policy_for
from notifications.states import Status, Step
from notifications.timing import local_day

PLANNED_WITHIN: Final = timedelta(days=60)
"""What was handed over in the last days was planned no longer ago: a prompt does not outlive its stages."""


def hold_capped(deliveries: Sequence[Delivery], *, now: datetime) -> list[Step]:
    """The steps that put off those of these claimed deliveries, all of one channel, for which there is no room now.

    Two in one batch for one person count each other. Read them with their prompt and borrower; changes nothing.
    """
    bound = [(delivery, policy) for delivery in deliveries if (policy := _caps_of(delivery, now))]
    if not bound:
        return []
    contacts = _contacts([delivery for delivery, _policy in bound], now)
    steps = []
    for delivery, policy in bound:
        made = contacts.setdefault((delivery.prompt.borrower_id, policy.purpose), [])
        held = next_allowed(policy, delivery.channel, made, zone=delivery.prompt.borrower.zone, now=now)
        if held is None:
            made.append(now)
        else:
            steps.append(_put_off(delivery, held))
    return steps


def _caps_of(delivery: Delivery, now: datetime) -> Policy | None:
    borrower = delivery.prompt.borrower
    day = local_day(now, borrower.zone)
    policy = policy_for(borrower.jurisdiction, purpose_of(delivery.prompt.kind), day)
    return policy if policy.caps_on(delivery.channel) else None


def _contacts(deliveries: Iterable[Delivery], now: datetime) -> dict[tuple[int, str], list[datetime]]:
    """When these borrowers were told on this channel lately, by purpose."""
    rows = list(deliveries)
    told = Delivery.objects.filter(
        channel=rows[0].channel,
        sent_at__gt=now - LOOK_BACK,
        prompt__borrower__in={delivery.prompt.borrower_id for delivery in rows},
        prompt__planned_at__gt=now - PLANNED_WITHIN,
    )
    found: dict[tuple[int, str], list[datetime]] = {}
    for borrower_id, kind, sent_at in told.values_list("prompt__borrower_id", "prompt__kind", "sent_at"):
        if sent_at:
            found.setdefault((borrower_id, PURPOSES[kind]), []).append(sent_at)
    return found


def _put_off(delivery: Delivery, held: Held) -> Step:
    return Step(
        delivery_id=delivery.pk,
        to=Status.RETRYING,
        reason=f"held by {held.rule.id}",
        next_attempt_at=held.at,
        held_by=held.rule.id,
    )
