""" "No more", said elsewhere than on the page, as the portal confirms it: not every provider brings an answer back."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Consent, User
from notifications.models import Delivery
from notifications.preferences import MACHINES, OBEYED_AT_ONCE, is_on
from notifications.reach import all_reached_without


@dataclass(frozen=True, slots=True)
class Stopped:
    """Since when it holds, aware; whether another channel reaches the person, who else is called; whether it was not
    said to us but to the firm that carries our SMS.
    """

    since: datetime
    others_reach: bool
    by_provider: bool


def stopped(user: User) -> Stopped | None:
    """What holds of SMS by the person's last word, where that was not said on the page of the preferences."""
    said = Consent.objects.filter(user=user, channel=Delivery.Channel.SMS).first()
    if said is None or said.given or said.source not in OBEYED_AT_ONCE or is_on(user, Delivery.Channel.SMS):
        return None
    return Stopped(said.at, all_reached_without(MACHINES, user.pk), said.source == Consent.Source.PROVIDER)
