"""Holds what would tell a person more often than the caps of their jurisdiction allow, both firms counted together, and
a call that follows a conversation too soon.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from accounts.models import User
from notifications.arrays import numbers
from notifications.caps import UNANSWERED, VOICE, Held, next_allowed, next_call_allowed
from notifications.contacts import CALL_ENDS_WITHIN, Key, Talks, contacts_of, talks_with, unanswered_calls
from notifications.policy import Policy, purpose_of
from notifications.policy_files import policy_for
from notifications.prepared import prepared_cursor
from notifications.states import HELD_BY, Step, put_off_by
from notifications.tellings import Telling
from notifications.timing import local_day

# Whoever does not get the lock waits for nobody: a worker that waited here, with rows of its own locked, could wait in
# a circle. 2 µs a message.
_MINE: Final = """
SELECT person FROM unnest(%(people)s::bigint[]) AS person
WHERE pg_try_advisory_xact_lock(hashtextextended('notifications.capping.' || %(channel)s, person))
"""


class Capped(NamedTuple):
    """`steps` put off what has no room now. `elsewhere` are the deliveries to people whom another worker is telling at
    this moment, so that nobody can count: they stay in the queue.
    """

    steps: list[Step]
    elsewhere: set[int]


def hold_capped(tellings: Sequence[Telling], *, now: datetime) -> Capped:
    """What becomes of those of these claimed deliveries, all of one channel, for which there may be no room now.

    Two in one batch for one person count each other; to those that have room nobody else can tell anything on this
    channel until the caller's transaction ends. Changes nothing.
    """
    bound = _bound(tellings, now)
    if not bound:
        return Capped([], set())
    channel = tellings[0].channel
    mine = _lock({telling.borrower_id for telling, _policy in bound}, channel)
    ours = [one for one in bound if one[0].borrower_id in mine]
    contacts = contacts_of(mine, channel, now=now)
    talks = _talks(ours, channel, now)
    tried = unanswered_calls(mine, now=now) if channel == VOICE else {}
    steps = []
    for telling, policy in ours:
        key = telling.borrower_id, policy.purpose
        if held := _held(telling, policy, contacts.get(key, ()), tried.get(key, ()), talks, now):
            steps.append(put_off_by(held.rule.id, telling.delivery_id, held.at))
            continue
        contacts.setdefault(key, []).append(now)
        talks.under_way[key] = now
    return Capped(steps, {telling.delivery_id for telling, _policy in bound if telling.borrower_id not in mine})


def room_for(person: User, kind: str, channel: str, *, now: datetime) -> Held | None:
    """What keeps this person from being told on `channel` now what a prompt of this kind is about: a cap or a pause, by
    what is on record; None where there is room.
    """
    zone, people = person.zone, [person.pk]
    policy = policy_for(person.jurisdiction, purpose_of(kind), local_day(now, zone))
    key, pause = (person.pk, policy.purpose), policy.cool_off(channel)
    made = contacts_of(people, channel, now=now).get(key, ())
    spoke = talks_with(people, days=pause.days, now=now).last.get(key) if pause else None
    if channel != VOICE:
        return next_allowed(policy, channel, made, zone=zone, now=now, conversation=spoke)
    tried = unanswered_calls(people, now=now).get(key, ())
    return next_call_allowed(policy, made, tried, zone=zone, now=now, conversation=spoke)


def _bound(tellings: Sequence[Telling], now: datetime) -> list[tuple[Telling, Policy]]:
    """Those for which the policy in force has a cap or a pause."""
    policies: dict[tuple[str, str, str], Policy | None] = {}
    bound = []
    for telling in tellings:
        key = telling.jurisdiction, telling.kind, telling.time_zone
        if key not in policies:
            policies[key] = _limits_of(telling, now)
        if policy := policies[key]:
            bound.append((telling, policy))
    return bound


def _limits_of(telling: Telling, now: datetime) -> Policy | None:
    policy = policy_for(telling.jurisdiction, purpose_of(telling.kind), local_day(now, telling.zone))
    channel = telling.channel
    of_calls = channel == VOICE and policy.caps_on(UNANSWERED)
    return policy if policy.caps_on(channel) or policy.cool_off(channel) or of_calls else None


def _lock(people: Collection[int], channel: str) -> set[int]:
    """Those of these whom no other worker is telling on this channel, and none will until this transaction ends."""
    with prepared_cursor() as cursor:
        cursor.execute(_MINE, {"people": numbers(people), "channel": channel})
        return {row[0] for row in cursor.fetchall()}


def _talks(bound: Sequence[tuple[Telling, Policy]], channel: str, now: datetime) -> Talks:
    """Asked only about those who are given a pause after a conversation."""
    pauses = {telling.borrower_id: pause for telling, policy in bound if (pause := policy.cool_off(channel))}
    return talks_with(pauses, days=max((pause.days for pause in pauses.values()), default=0), now=now)


def _held(
    telling: Telling,
    policy: Policy,
    made: Collection[datetime],
    tried: Collection[datetime],
    talks: Talks,
    now: datetime,
) -> Held | None:
    key: Key = telling.borrower_id, policy.purpose
    spoke = talks.last.get(key)
    if telling.channel == VOICE:
        held = next_call_allowed(policy, made, tried, zone=telling.zone, now=now, conversation=spoke)
    else:
        held = next_allowed(policy, telling.channel, made, zone=telling.zone, now=now, conversation=spoke)
    pause, began = policy.cool_off(telling.channel), talks.under_way.get(key)
    if held or not pause or not began:
        return held
    # Whether that call becomes a conversation is not known yet.
    return Held(began + CALL_ENDS_WITHIN, pause)


def is_capped(reason: str) -> bool:
    """Whether a delivery waits for this reason because of a cap."""
    return reason.startswith(HELD_BY) and "/caps/" in reason
