"""Every type of event that is taken, by name and version."""

from typing import Final

from loans.intake.events import loan_events, notice_events, payment_events, position_events
from loans.intake.events.event_types import EventType

CATALOGUE: Final[dict[tuple[str, int], EventType]] = {
    event_type.key: event_type
    for module in (loan_events, payment_events, position_events, notice_events)
    for event_type in module.TYPES
}
"""A new version of a type is another entry beside it; the old one stays for those who still send it."""
