"""How well a telling is proved, in the desk's words: planned, handed over, accepted, delivered, seen, acknowledged."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from notifications.models import Delivery

Status = Delivery.Status

_TONES: Final = {Status.DELIVERED: "good", Status.FAILED: "danger", Status.UNCONFIRMED: "warn", Status.RETRYING: "warn"}
_STRENGTH: Final = (
    Status.CANCELLED,
    Status.FAILED,
    Status.QUEUED,
    Status.SENDING,
    Status.RETRYING,
    Status.UNCONFIRMED,
    Status.SENT,
    Status.DELIVERED,
)
"""From what proves nothing to what proves most."""


@dataclass(frozen=True, slots=True)
class Level:
    """`words` in the active language; `tone` (good, warn, danger or none) only repeats them."""

    words: str
    tone: str = ""


def acknowledged() -> Level:
    return Level(_("acknowledged (strong)"), "good")


def level_of(delivery: Delivery) -> Level:
    """The level of one delivery without an acknowledgement. Read it `with_acceptance()`."""
    status = Status(delivery.status)
    words = str(status.label)
    if status == Status.SENT:
        words = _handed_over(delivery)
    elif status == Status.CANCELLED:
        words = _("not sent")
    if delivery.seen_at:
        return Level(_("%(level)s, seen (weak)") % {"level": words}, _TONES.get(status, ""))
    return Level(words, _TONES.get(status, ""))


def best_level(deliveries: Iterable[Delivery]) -> Level:
    """That of the strongest one; "planned" where there is none."""
    listed = sorted(deliveries, key=lambda delivery: (bool(delivery.seen_at), _STRENGTH.index(Status(delivery.status))))
    return level_of(listed[-1]) if listed else Level(str(Status.QUEUED.label))


def _handed_over(delivery: Delivery) -> str:
    if delivery.channel == Delivery.Channel.IN_APP:
        return _("lies in the portal")
    return _("accepted") if getattr(delivery, "accepted", 0) else str(Status.SENT.label)
