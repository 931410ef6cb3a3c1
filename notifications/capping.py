"""Holds what would tell a person more often than the caps of their jurisdiction allow, both firms counted together."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from notifications.caps import LOOK_BACK, Held, next_allowed
from notifications.models import Delivery
from notifications.policy import PURPOSES, Policy, purpose_of
from notifications.policy_files import policy_for
from notifications.states import Status, Step
from notifications.tellings import Telling
from notifications.timing import local_day

PLANNED_WITHIN: Final = timedelta(days=60)
"""What was handed over in the last days was planned no longer ago: a prompt does not outlive its stages."""


def hold_capped(tellings: Sequence[Telling], *, now: datetime) -> list[Step]:
    """The steps that put off those of these claimed deliveries, all of one channel, for which there is no room now.

    Two in one batch for one person count each other. Changes nothing.
    """
    policies: dict[tuple[str, str, str], Policy | None] = {}
    bound = []
    for telling in tellings:
        key = telling.jurisdiction, telling.kind, telling.time_zone
        if key not in policies:
            policies[key] = _caps_of(telling, now)
        if policy := policies[key]:
            bound.append((telling, policy))
    if not bound:
        return []
    contacts = _contacts([telling for telling, _policy in bound], now)
    steps = []
    for telling, policy in bound:
        made = contacts.setdefault((telling.borrower_id, policy.purpose), [])
        held = next_allowed(policy, telling.channel, made, zone=telling.zone, now=now)
        if held is None:
            made.append(now)
        else:
            steps.append(_put_off(telling, held))
    return steps


def _caps_of(telling: Telling, now: datetime) -> Policy | None:
    day = local_day(now, telling.zone)
    policy = policy_for(telling.jurisdiction, purpose_of(telling.kind), day)
    return policy if policy.caps_on(telling.channel) else None


def _contacts(tellings: Sequence[Telling], now: datetime) -> dict[tuple[int, str], list[datetime]]:
    """When these borrowers were told on this channel lately, by purpose."""
    told = Delivery.objects.filter(
        channel=tellings[0].channel,
        sent_at__gt=now - LOOK_BACK,
        prompt__borrower__in={telling.borrower_id for telling in tellings},
        prompt__planned_at__gt=now - PLANNED_WITHIN,
    )
    found: dict[tuple[int, str], list[datetime]] = {}
    for borrower_id, kind, sent_at in told.values_list("prompt__borrower_id", "prompt__kind", "sent_at"):
        if sent_at:
            found.setdefault((borrower_id, PURPOSES[kind]), []).append(sent_at)
    return found


def _put_off(telling: Telling, held: Held) -> Step:
    return Step(
        delivery_id=telling.delivery_id,
        to=Status.RETRYING,
        reason=f"held by {held.rule.id}",
        next_attempt_at=held.at,
        held_by=held.rule.id,
    )
