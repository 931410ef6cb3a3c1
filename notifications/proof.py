"""How well a telling is proved, in words that borrowers and agents read. Pure."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from notifications.models import Delivery

Status = Delivery.Status


@dataclass(frozen=True, slots=True)
class Proof:
    """`words` says in the active language what `tone` (good, warn, danger or none) and `icon` only repeat.

    `at` is when that level was reached, in UTC; None where nothing has happened yet.
    """

    words: str
    tone: str
    icon: str
    at: datetime | None


def proof_of(delivery: Delivery, *, acknowledged_at: datetime | None = None, accepted: bool = False) -> Proof:
    """The highest level that one delivery reached: planned, handed over, accepted, delivered, seen, acknowledged.

    `acknowledged_at`: the borrower answered this very telling. `accepted`: a receipt says that a system took it on.
    """
    if acknowledged_at:
        return Proof(gettext("You told us that you know"), "good", "check", acknowledged_at)
    if delivery.seen_at:
        return Proof(gettext("Opened"), "good", "seen", delivery.seen_at)
    if delivery.status == Status.DELIVERED:
        return Proof(gettext("Delivered"), "good", "tick", delivery.delivered_at)
    if delivery.status == Status.SENT:
        return _handed_over(delivery, accepted=accepted)
    if delivery.status == Status.UNCONFIRMED:
        return Proof(gettext("Handed over, arrival not confirmed"), "warn", "waiting", delivery.sent_at)
    if delivery.status == Status.FAILED:
        return Proof(gettext("Not delivered"), "danger", "cross", delivery.sent_at or delivery.claimed_at)
    if delivery.status == Status.CANCELLED:
        return Proof(gettext("Not sent: not needed any more"), "", "cross", None)
    return Proof(gettext("Planned"), "", "clock", None)


def _handed_over(delivery: Delivery, *, accepted: bool) -> Proof:
    if delivery.channel == Delivery.Channel.IN_APP:
        return Proof(gettext("Not opened yet"), "", "message", delivery.sent_at)
    if accepted:
        return Proof(gettext("Accepted on the way to you"), "", "sent", delivery.sent_at)
    return Proof(gettext("Handed over"), "", "sent", delivery.sent_at)
