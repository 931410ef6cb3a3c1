"""How well a telling is proved: as a level, and in words that borrowers and agents read. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext

from notifications.models import Delivery, FirmTelling

Status = Delivery.Status
Proven = FirmTelling.Proof


class Level(StrEnum):
    """From the weakest to the strongest. What is not delivered, seen or acknowledged proves nothing; what a firm says
    of its own telling is its word.
    """

    CANCELLED = "cancelled"
    NOT_DELIVERED = "not_delivered"
    PLANNED = "planned"
    UNCONFIRMED = "unconfirmed"
    HANDED_OVER = "handed_over"
    ACCEPTED = "accepted"
    FIRM_SAYS_SENT = "firm_says_sent"
    FIRM_SAYS_ARRIVED = "firm_says_arrived"
    DELIVERED = "delivered"
    SEEN = "seen"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Proof:
    """`words` says in the active language what `tone` (good, warn, danger or none) and `icon` only repeat.

    `at` is when that level was reached, in UTC; None where nothing has happened yet.
    """

    words: str
    tone: str
    icon: str
    at: datetime | None


def level_of(
    delivery: Delivery, *, acknowledged_at: datetime | None = None, accepted: bool = False
) -> tuple[Level, datetime | None]:
    """The highest level that one delivery reached, and when, in UTC; None where nothing has happened yet.

    `acknowledged_at`: the borrower answered this very telling. `accepted`: a receipt says that a system took it on.
    """
    if acknowledged_at:
        return Level.ACKNOWLEDGED, acknowledged_at
    if delivery.seen_at:
        return Level.SEEN, delivery.seen_at
    match delivery.status:
        case Status.DELIVERED:
            return Level.DELIVERED, delivery.delivered_at
        case Status.SENT:
            return (Level.ACCEPTED if accepted else Level.HANDED_OVER), delivery.sent_at
        case Status.UNCONFIRMED:
            return Level.UNCONFIRMED, delivery.sent_at
        case Status.FAILED:
            return Level.NOT_DELIVERED, delivery.sent_at or delivery.claimed_at
        case Status.CANCELLED:
            return Level.CANCELLED, None
    return Level.PLANNED, None


def firm_level(telling: FirmTelling) -> Level:
    """What a firm says of its own telling."""
    return Level.FIRM_SAYS_ARRIVED if telling.proves_arrival else Level.FIRM_SAYS_SENT


def firm_words(telling: FirmTelling) -> str:
    """The firm's word as its borrower reads it, in the active language: always as the firm's, never as our proof."""
    said = {"firm": telling.partner.name, "channel": telling.get_channel_display()}
    match telling.proof:
        case Proven.DELIVERED:
            return gettext("%(firm)s says that it told you (%(channel)s), and that it arrived") % said
        case Proven.SEEN:
            return gettext("%(firm)s says that it told you (%(channel)s), and that it was opened") % said
        case Proven.ACKNOWLEDGED:
            return gettext("%(firm)s says that it told you (%(channel)s), and that you answered") % said
        case Proven.FAILED:
            return gettext("%(firm)s says that it could not reach you (%(channel)s)") % said
    return gettext("%(firm)s says that it told you (%(channel)s)") % said


def proof_of(delivery: Delivery, *, acknowledged_at: datetime | None = None, accepted: bool = False) -> Proof:
    """The same in words: planned, handed over, accepted, delivered, seen, acknowledged."""
    level, at = level_of(delivery, acknowledged_at=acknowledged_at, accepted=accepted)
    match level:
        case Level.ACKNOWLEDGED:
            return Proof(gettext("You told us that you know"), "good", "check", at)
        case Level.SEEN:
            return Proof(gettext("Opened"), "good", "seen", at)
        case Level.DELIVERED:
            return Proof(gettext("Delivered"), "good", "tick", at)
        case Level.HANDED_OVER | Level.ACCEPTED:
            return _handed_over(delivery, accepted=accepted)
        case Level.UNCONFIRMED:
            return Proof(gettext("Handed over, arrival not confirmed"), "warn", "waiting", at)
        case Level.NOT_DELIVERED:
            return Proof(gettext("Not delivered"), "danger", "cross", at)
        case Level.CANCELLED:
            return Proof(gettext("Not sent: not needed any more"), "", "cross", at)
    return Proof(gettext("Planned"), "", "clock", at)


def _handed_over(delivery: Delivery, *, accepted: bool) -> Proof:
    if delivery.channel == Delivery.Channel.IN_APP:
        return Proof(gettext("Not opened yet"), "", "message", delivery.sent_at)
    if accepted:
        return Proof(gettext("Accepted on the way to you"), "", "sent", delivery.sent_at)
    return Proof(gettext("Handed over"), "", "sent", delivery.sent_at)
