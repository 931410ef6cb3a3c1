"""Watches over the queues of the senders: an alarm is open while something waits in one that nobody works on."""

from datetime import datetime, timedelta
from typing import Any, Final

from notifications.alarms import Wrong, keep_alarms
from notifications.claiming import Line
from notifications.models import Alarm, Delivery
from notifications.reach import channels_in_use
from notifications.sweeps import not_running

AFTER: Final = timedelta(minutes=10)
"""Long before a ladder gives up a channel that nobody sends on, and its person is called."""


def watch_queues(now: datetime) -> int:
    """Open an alarm for each channel on which what may go out waits and no send has ended well for `AFTER`; close those
    of the others. Returns how many are open.

    A long queue that is worked is none of them, nor is what a halt, a dispute or an outage holds.
    """
    at_rest = {missing.name for missing in not_running(now, AFTER)}
    channels = [channel for channel in (Delivery.Channel.IN_APP, *channels_in_use()) if f"send-{channel}" in at_rest]
    waits = {f"queue:{channel}": since for channel in channels if (since := _waits_since(channel, now))}
    wrong = {subject: _wrong(subject.partition(":")[2], since) for subject, since in waits.items()}
    keep_alarms(Alarm.Kind.QUEUE, wrong, now)
    return len(wrong)


def _waits_since(channel: str, now: datetime) -> datetime | None:
    """Since when the first waits that any sender would take, where that is longer than `AFTER`."""
    line = Line(channel)
    return line.after[0] if line.next(now=now - AFTER, limit=1) else None


def _wrong(channel: str, since: datetime) -> Wrong:
    facts: dict[str, Any] = {"channel": channel, "since": since.isoformat()}
    detail = f"What was to go out by {channel} since {since:%Y-%m-%d %H:%M} UTC waits: look at its workers and at beat."
    return Wrong(detail, facts)
