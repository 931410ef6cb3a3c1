"""Applies pushed messages once more, in a copy: what they say of money and schedules, and nothing else."""

from django.db import transaction

from loans.intake.events.incoming import Incoming
from loans.intake.events.reading import read_message
from loans.intake.events.shape import ShapeError
from loans.intake.events.sweep import apply_as_can_be, look_again, row_of
from loans.intake.records import LoanRecord
from loans.models import Event, Partner, Report


@transaction.atomic
def apply_message(report: Report) -> int:
    """Apply a message that is on record, telling nobody; returns how many of its events there are.

    One that was refused as a whole says nothing.
    """
    raw = b"".join(report.raw())
    try:
        read = read_message(raw, Partner.Kind(report.partner.kind), report.received_at)
    except ShapeError:
        return 0
    incoming = [Incoming(report, pushed) for pushed in read if isinstance(pushed.record, LoanRecord)]
    outcomes = apply_as_can_be(incoming, tell=False)
    Event.objects.bulk_create((row_of(event, outcomes[event]) for event in incoming), ignore_conflicts=True)
    return len(incoming)


def apply_what_waited() -> None:
    """Apply the events whose loan or period has come since, telling nobody."""
    while look_again(tell=False):
        pass
