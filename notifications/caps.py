"""How often a person may be told: when the caps of their jurisdiction leave room again. Pure functions.

What is counted is up to the caller: contacts of one borrower on one channel for one purpose, of both firms together.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from notifications.policy import Cap, CoolOff, Policy
from notifications.timing import at_local, local_day

LOOK_BACK: Final = timedelta(days=8)
"""Contacts before that are of no account, wherever the clocks were changed in between."""
VOICE: Final = "voice"
UNANSWERED: Final = "unanswered_voice"
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Held:
    """Not before `at`, UTC, because of `rule`, the one that holds it longest."""

    at: datetime
    rule: Cap | CoolOff


def next_allowed(
    policy: Policy,
    channel: str,
    contacted: Collection[datetime],
    *,
    zone: tzinfo,
    now: datetime,
    conversation: datetime | None = None,
) -> Held | None:
    """When the borrower may be contacted again within the caps and the hours; None where no cap stands in the way now.

    `contacted` are the aware moments of the contacts on `channel` for the policy's purpose in the last LOOK_BACK; one
    that is planned for later counts like one that was made. `conversation`: the last time that they spoke with us.
    A cap of a day holds until the next day's hours; a cap of a week until the seventh day after the oldest contact that
    is in its way, at the same hour of their clock. None says nothing about the hours: that is `lawful_moment`'s.
    """
    held: Held | None = None
    while True:
        moment = held.at if held else now
        obstacles = [
            Held(until, cap)
            for cap in policy.caps_on(channel)
            if (until := _UNTIL[cap.span](cap, contacted, moment, zone))
        ]
        if pause := _pause(policy.cool_off(channel), conversation, moment, zone):
            obstacles.append(pause)
        if not obstacles:
            return held
        longest = max(obstacles, key=lambda one: one.at)
        held = Held(policy.hours.hours.next_open(longest.at, zone), longest.rule)


def next_call_allowed(
    policy: Policy,
    contacted: Collection[datetime],
    unanswered: Collection[datetime],
    *,
    zone: tzinfo,
    now: datetime,
    conversation: datetime | None = None,
) -> Held | None:
    """The same of a call: what is known to be `unanswered` counts for the cap on such calls, where there is one, else
    like every call.
    """
    place: dict[str, Any] = {"zone": zone, "now": now}
    if not policy.caps_on(UNANSWERED):
        return next_allowed(policy, VOICE, [*contacted, *unanswered], conversation=conversation, **place)
    calls = next_allowed(policy, VOICE, contacted, conversation=conversation, **place)
    others = next_allowed(policy, UNANSWERED, unanswered, **place)
    return max(filter(None, (calls, others)), key=lambda one: one.at, default=None)


def _day_ends(cap: Cap, contacted: Collection[datetime], moment: datetime, zone: tzinfo) -> datetime | None:
    day = local_day(moment, zone)
    if sum(local_day(contact, zone) == day for contact in contacted) < cap.most:
        return None
    return _begins(day + timedelta(days=1), zone)


def _week_ends(cap: Cap, contacted: Collection[datetime], moment: datetime, zone: tzinfo) -> datetime | None:
    """A contact leaves the week at the same time of the borrower's clock, seven days on."""
    leaving = sorted(leaves for contact in contacted if (leaves := week_after(contact, zone)) > moment)
    return leaving[-cap.most] if len(leaving) >= cap.most else None


_UNTIL: Final[dict[str, Callable[[Cap, Collection[datetime], datetime, tzinfo], datetime | None]]] = {
    "day": _day_ends,
    "week": _week_ends,
}


def week_after(contact: datetime, zone: tzinfo) -> datetime:
    """The end of the seven days that begin with `contact`, as UTC."""
    wall = contact.astimezone(zone)
    return at_local(wall.date() + _WEEK, wall.time(), zone)


def _begins(day: date, zone: tzinfo) -> datetime:
    """Where clocks go back over midnight, the day begins for good at the second one."""
    return at_local(day, time.min, zone, last=True)


def _pause(rule: CoolOff | None, conversation: datetime | None, moment: datetime, zone: tzinfo) -> Held | None:
    if rule is None or conversation is None:
        return None
    over = _begins(local_day(conversation, zone) + timedelta(days=rule.days), zone)
    return Held(over, rule) if over > moment else None
