"""Switches channels on and off, and says on which ones the next payment will be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Consent, ContactPoint, User
from notifications.channels.registry import suppliers_for
from notifications.events import record
from notifications.ladder import Course, ladder_of
from notifications.models import Delivery, NoticeEvent, Preference, Prompt
from notifications.reach import is_last

SWITCHABLE: Final = (Delivery.Channel.SMS, Delivery.Channel.EMAIL, Delivery.Channel.VOICE)
"""The channels that a person may switch. The portal itself proves what was told and is always on; a device is told as
long as it is one of theirs (`push_subscriptions`)."""
FIRST: Final = (Delivery.Channel.SMS, Delivery.Channel.EMAIL)
"""Those of them that may come before the others: a machine calls whom nothing else reached."""

MACHINES: Final = (Delivery.Channel.SMS, Delivery.Channel.VOICE)
"""What "no more" ends, in whatever words: 47 CFR 64.1200(a)(10) has robots' texts and calls in one sentence."""
OBEYED_AT_ONCE: Final = (Consent.Source.REPLY, Consent.Source.AGENT, Consent.Source.PROVIDER)
"""Where "no more" is obeyed also on the last channel: a person then tells them, and the law asks for no other way."""
WORDING: Final[dict[str, str]] = {
    Consent.Source.PAGE: "preferences/2026-11",
    Consent.Source.REPLY: "stop",
    Consent.Source.AGENT: "told an agent",
    Consent.Source.PROVIDER: "told the provider",
}
"""What a person saw, or wrote, when they said it; a new text on the page is a new version."""
STARTS: Final = "start"
"""What they wrote by SMS to get it again."""


class LastChannel(Exception):  # noqa: N818  (it names what is true of the channel)
    """Without this channel nothing would reach the person: it stays on until another one works."""


class NotSwitchable(ValueError):  # noqa: N818
    """The channel is not one that a person may switch."""


def set_channel(
    user: User,
    channel: str,
    enabled: bool,
    *,
    now: datetime | None = None,
    source: str = Consent.Source.PAGE,
    actor_id: int | None = None,
    address: str = "",
) -> bool:
    """Switch one channel of `user`; returns whether anything changed, and records that it did.

    Their word is kept as a consent, with what they were shown and where they said it (`source`, and `address`, the
    number from which); also where the channel was off by a word from a number, which may be another's. `actor_id` is
    the agent to whom. Raises NotSwitchable for the portal or an unknown channel, LastChannel where no other channel
    would reach them: unless it was said elsewhere than on the page (`OBEYED_AT_ONCE`).
    """
    if channel not in SWITCHABLE:
        raise NotSwitchable(f"{channel[:20]!r} cannot be switched: only {', '.join(SWITCHABLE)} can.")
    with transaction.atomic():
        # Two switches at once must not each leave the other as the last one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        at = now or timezone.now()
        wording = STARTS if enabled and source == Consent.Source.REPLY else WORDING[source]
        word = Consent(
            user=user, channel=channel, given=enabled, source=source, wording=wording, address=address, at=at
        )
        if is_on(user, channel) == enabled:
            if not enabled and not address and _was_said_from_a_number(user, channel):
                word.save()
            return False
        obeyed = enabled or source in OBEYED_AT_ONCE
        if not obeyed and is_last(user.pk, channel):
            raise LastChannel(f"{channel} is the last channel that reaches person {user.pk}.")
        Preference.objects.update_or_create(user=user, channel=channel, defaults={"enabled": enabled})
        word.save()
        kind = NoticeEvent.Kind.PREFERENCE
        record(kind, borrower_id=user.pk, at=at, actor_id=actor_id, channel=channel, enabled=enabled)
    return True


def _was_said_from_a_number(user: User, channel: str) -> bool:
    """Whether that is all there is of the person's last word on the channel."""
    last = Consent.objects.filter(user=user, channel=channel).first()
    return last is not None and bool(last.address)


def stop_machines(user: User, *, now: datetime, source: str, actor_id: int | None = None, address: str = "") -> bool:
    """Obey "no more", said elsewhere than on the page, from the number `address` if from any; returns whether text
    messages were on.
    """
    texts, *others = MACHINES
    changed = set_channel(user, texts, enabled=False, now=now, source=source, actor_id=actor_id, address=address)
    for channel in others:
        set_channel(user, channel, enabled=False, now=now, source=source, actor_id=actor_id, address=address)
    return changed


def put_first(user: User, channel: str, *, now: datetime | None = None) -> bool:
    """Tell `user` by this channel before the others, or, where it is empty, in our own order; returns whether that is
    new. Raises NotSwitchable.
    """
    if channel and channel not in FIRST:
        raise NotSwitchable(f"{channel[:20]!r} cannot come first: only {', '.join(FIRST)} can.")
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if first_choice(user) == channel:
            return False
        Preference.objects.filter(user=user).update(place=None)
        if channel:
            Preference.objects.update_or_create(
                user=user, channel=channel, defaults={"place": 1}, create_defaults={"place": 1, "enabled": True}
            )
        record(NoticeEvent.Kind.PREFERENCE, borrower_id=user.pk, at=now or timezone.now(), channel=channel, first=True)
    return True


def first_choice(user: User) -> str:
    """The channel that the person put first; empty where they left the order to us."""
    return Preference.objects.filter(user=user, place=1).values_list("channel", flat=True).first() or ""


def is_on(user: User, channel: str) -> bool:
    """Whether the person has left the channel on; one that was never switched is on."""
    return not Preference.objects.filter(user=user, channel=channel, enabled=False).exists()


def offered() -> list[Delivery.Channel]:
    """What the page offers to switch: a machine's calls only where somebody makes them."""
    return [channel for channel in SWITCHABLE if channel in FIRST or suppliers_for(channel)]


def order_of_telling(ways: Mapping[str, ContactPoint], first: str = "") -> list[str]:
    """The channels on which a payment coming up is told, in their order, of those in `reach.reachable`.

    `first` is the one that the person put first, if any.
    """
    ladder = ladder_of(Prompt.Kind.UPCOMING)
    course = Course.of(ladder, open_to=ways, places={first: 1} if first else None)
    return [ladder.rungs[number].channel for number in course.order]
