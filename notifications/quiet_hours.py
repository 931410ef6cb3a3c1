"""Holds what comes to be sent outside of its reader's contact hours: after an outage, say, or news of a night."""

from collections.abc import Sequence
from datetime import datetime

from notifications.calendar import end_of_due_day
from notifications.clock import Clock
from notifications.models import Delivery, Prompt
from notifications.states import Step, put_off_by
from notifications.tellings import Telling
from notifications.timing import ContactHours, lawful_moment


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
