"""Holds what comes to be sent outside of its reader's contact hours: after an outage, say, or news of a night."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from notifications.calendar import end_of_due_day
from notifications.clock import Clock
from notifications.models import Delivery, Prompt
from notifications.states import Step, put_off_by
from notifications.tellings import Telling
from notifications.timing import ContactHours, lawful_moment

AT_AN_ODD_HOUR: Final = timedelta(hours=2)
"""How long a provider may take over what could not wait for the morning."""
_KEPT_BY_PROVIDERS: Final = frozenset({Delivery.Channel.SMS, Delivery.Channel.PUSH})
"""The channels whose providers keep what they cannot bring yet, and obey when it has an end."""


def hold_until_morning(tellings: Sequence[Telling], *, now: datetime) -> list[Step]:
    """The steps that put these claimed deliveries off until their hours open.

    A reminder whose due day would be over by then goes out all the same, as when it is planned; what lies in the portal
    disturbs nobody.
    """
    clock, known = Clock.at(now), dict[tuple[str, str, str], tuple[ContactHours, str] | None]()
    closed = []
    for telling in tellings:
        if telling.channel == Delivery.Channel.IN_APP:
            continue
        key = telling.jurisdiction, telling.kind, telling.time_zone
        if key not in known:
            known[key] = _closed_hours(telling, clock)
        if found := known[key]:
            closed.append((telling, *found))
    steps = (_held(*one, now) for one in closed)
    return [step for step in steps if step]


def lives_of(tellings: Sequence[Telling], *, now: datetime) -> dict[int, int]:
    """For how many seconds a text message or notice may still be brought, by delivery, where that ends: until its
    reader's hours close, or before that with the due day that it speaks of. One that goes out at an odd hour all the
    same is for now, and what would have to if it were any later is not ended by the close.

    A gateway that has lost its line would bring it in the night, or when it has been paid; so would a push service, to
    a device that is switched on by then.
    """
    clock, closing = Clock.at(now), dict[tuple[str, str, str], tuple[datetime, datetime] | None]()
    lives = {}
    for telling in tellings:
        if telling.channel not in _KEPT_BY_PROVIDERS:
            continue
        key = telling.jurisdiction, telling.kind, telling.time_zone
        if key not in closing:
            closing[key] = _closing(telling, clock)
        end = _end(closing[key], _latest(telling), now)
        if end:
            lives[telling.delivery_id] = int((end - now).total_seconds())
    return lives


def _closing(telling: Telling, clock: Clock) -> tuple[datetime, datetime] | None:
    """When what goes out now is not to be brought any more for the hours' sake, and when they open after that; None
    where they never close.
    """
    hours, _rule = clock.hours_for(telling.jurisdiction, telling.kind, telling.zone)
    if hours.always:
        return None
    closes = hours.close_of(clock.now, telling.zone) or clock.now + AT_AN_ODD_HOUR
    return closes, hours.next_open(closes, telling.zone)


def _end(closing: tuple[datetime, datetime] | None, latest: datetime | None, now: datetime) -> datetime | None:
    """When it is not to be brought any more; None where nothing speaks against later."""
    if latest is None or latest <= now:
        return closing[0] if closing else None
    if closing is None:
        return latest
    closes, opens = closing
    if opens > latest:
        closes = max(closes, now + AT_AN_ODD_HOUR)
    return min(closes, latest)


def _closed_hours(telling: Telling, clock: Clock) -> tuple[ContactHours, str] | None:
    """The hours and their rule where they are closed now."""
    hours, rule = clock.hours_for(telling.jurisdiction, telling.kind, telling.zone)
    return (hours, rule) if hours.next_open(clock.now, telling.zone) > clock.now else None


def _latest(telling: Telling) -> datetime | None:
    """`Prompt.latest`, from a plain row."""
    if telling.kind not in Prompt.BEFORE_DUE or telling.due_on is None:
        return None
    return end_of_due_day(telling.due_on, telling.zone)


def _held(telling: Telling, hours: ContactHours, rule: str, now: datetime) -> Step | None:
    moment = lawful_moment(now, now=now, zone=telling.zone, hours=hours, latest=_latest(telling)).at
    return put_off_by(rule or "contact hours", telling.delivery_id, moment) if moment > now else None
