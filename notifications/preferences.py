"""Switches channels on and off, and says on which ones the next payment will be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import ContactPoint, User
from notifications.events import record
from notifications.ladder import LADDERS
from notifications.models import Delivery, NoticeEvent, Preference, Prompt
from notifications.reach import reachable

SWITCHABLE: Final = (Delivery.Channel.SMS, Delivery.Channel.EMAIL)
"""The channels that a person may switch. The portal itself proves what was told and is always on."""


class LastChannel(Exception):  # noqa: N818  (it names what is true of the channel)
    """Without this channel nothing would reach the person: it stays on until another one works."""


class NotSwitchable(ValueError):  # noqa: N818
    """The channel is not one that a person may switch."""


def set_channel(
    user: User, channel: str, enabled: bool, *, now: datetime | None = None, though_last: bool = False
) -> bool:
    """Switch one channel of `user`; returns whether anything changed, and records that it did.

    Raises NotSwitchable for the portal or an unknown channel, LastChannel where no other channel would reach them:
    unless `though_last`, for a wish that the law obeys at once.
    """
    if channel not in SWITCHABLE:
        raise NotSwitchable(f"{channel[:20]!r} cannot be switched: only {', '.join(SWITCHABLE)} can.")
    with transaction.atomic():
        # Two switches at once must not each leave the other as the last one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if is_on(user, channel) == enabled:
            return False
        if not enabled and not though_last and reachable([user.pk])[user.pk].keys() <= {channel}:
            raise LastChannel(f"{channel} is the last channel that reaches person {user.pk}.")
        Preference.objects.update_or_create(user=user, channel=channel, defaults={"enabled": enabled})
        at = now or timezone.now()
        record(NoticeEvent.Kind.PREFERENCE, borrower_id=user.pk, at=at, channel=channel, enabled=enabled)
    return True


def is_on(user: User, channel: str) -> bool:
    """Whether the person has left the channel on; one that was never switched is on."""
    return not Preference.objects.filter(user=user, channel=channel, enabled=False).exists()


def order_of_telling(ways: Mapping[str, ContactPoint]) -> list[str]:
    """The channels on which a payment coming up is told, the first one first, of those in `reach.reachable`."""
    return [rung.channel for rung in LADDERS[Prompt.Kind.UPCOMING].rungs if rung.channel in ways]
