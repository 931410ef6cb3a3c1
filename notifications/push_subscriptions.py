"""Devices on which a person has let us show notices, and the one contact point that stands for all of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from accounts.contact_points import mark_reached, mark_unreachable, retire_contact_point, set_contact_point
from accounts.models import Consent, ContactPoint, User
from accounts.models.contact_point import BROWSER
from notifications.channels.vapid import decode, encode
from notifications.channels.web_push_address import PushAddress
from notifications.events import record
from notifications.models import Delivery, NoticeEvent, PushSubscription
from notifications.preferences import WORDING, LastChannel
from notifications.push_fan_out import Device
from notifications.reach import is_last, reachable
from notifications.user_agents import names_of

MOST_DEVICES: Final = 10
"""Of one person. Each telling goes to all of them, so one more takes the place of the one not heard of for longest."""


@transaction.atomic
def subscribe(user: User, address: PushAddress, *, user_agent: str, now: datetime) -> PushSubscription:
    """From now on notices for `user` are shown where `address` leads, and for nobody else.

    A browser that was somebody else's until now is theirs no more: it shows what the person who signed in last is told.
    """
    found = PushSubscription.objects.filter(fingerprint=address.fingerprint).first()
    former = found.user_id if found and found.user_id != user.pk else None
    _lock({user.pk, former or user.pk})
    new = not PushSubscription.objects.live().filter(user=user).exists()
    browser, system = names_of(user_agent)
    subscription, _made = PushSubscription.objects.update_or_create(
        fingerprint=address.fingerprint,
        defaults={
            "user": user,
            "endpoint": address.endpoint,
            "p256dh": encode(address.p256dh),
            "auth": encode(address.auth),
            "browser": browser,
            "system": system,
            "created_at": now,
            "gone_at": None,
            "last_receipt_at": None,
        },
    )
    _drop_surplus(user, subscription, now)
    _drop_those_of_before(user, subscription, now)
    kind, source = ContactPoint.Kind.PUSH, ContactPoint.Source.OWNER
    point = set_contact_point(user=user, kind=kind, address=BROWSER, source=source, verified_at=now)
    mark_reached([point.pk])
    if new:
        _record(user, now, enabled=True)
    if former:
        _give_up_if_last(User.objects.get(pk=former), now, by_them=False)
    return subscription


@transaction.atomic
def unsubscribe(user: User, subscription_id: int, *, now: datetime) -> None:
    """The person takes one of their devices away.

    Raises PushSubscription.DoesNotExist for one that is not theirs, or no more, and LastChannel where nothing else
    would reach them.
    """
    _lock({user.pk})
    mine = PushSubscription.objects.live().filter(user=user)
    subscription = mine.get(pk=subscription_id)
    is_last_device = not mine.exclude(pk=subscription.pk).exists()
    reaches = Delivery.Channel.PUSH in reachable([user.pk])[user.pk]
    if is_last_device and reaches and is_last(user.pk, Delivery.Channel.PUSH):
        raise LastChannel(f"device {subscription.pk} is the last way that reaches person {user.pk}.")
    subscription.gone_at = now
    subscription.save(update_fields=["gone_at"])
    _give_up_if_last(user, now)


@transaction.atomic
def mark_gone(subscription_ids: Sequence[int], *, now: datetime) -> int:
    """Their push services know them no more; returns how many were live before. Who has none left is unreachable."""
    gone = PushSubscription.objects.live().filter(pk__in=subscription_ids)
    owners = set(gone.values_list("user_id", flat=True))
    _lock(owners)
    count = gone.update(gone_at=now)
    left = set(PushSubscription.objects.live().filter(user__in=owners).values_list("user_id", flat=True))
    lost = ContactPoint.objects.live().filter(user__in=owners - left, kind=ContactPoint.Kind.PUSH)
    mark_unreachable(list(lost.values_list("pk", flat=True)), reason="the push service says that it is gone", now=now)
    return count


def mark_heard_of(subscription_id: int, *, borrower_id: int, now: datetime) -> None:
    """The device showed something that was told to this borrower; nothing happens if it is not theirs any more."""
    PushSubscription.objects.filter(pk=subscription_id, user=borrower_id).update(last_receipt_at=now)


def devices_of(user_ids: Iterable[int]) -> dict[int, list[Device]]:
    """For each person their live devices, the oldest first."""
    devices: dict[int, list[Device]] = {user_id: [] for user_id in user_ids}
    for row in PushSubscription.objects.live().filter(user__in=devices):
        devices[row.user_id].append(Device(row.pk, PushAddress(row.endpoint, decode(row.p256dh), decode(row.auth))))
    return devices


def _lock(user_ids: set[int]) -> None:
    """Always in the same order, so that two people who trade devices do not wait for each other for ever."""
    people = User.objects.filter(pk__in=user_ids).order_by("pk")
    list(people.select_for_update(no_key=True).values_list("pk"))


def _drop_surplus(user: User, kept: PushSubscription, now: datetime) -> None:
    others = PushSubscription.objects.live().filter(user=user).exclude(pk=kept.pk)
    heard_last = sorted(others, key=lambda one: one.last_receipt_at or one.created_at, reverse=True)
    surplus = [one.pk for one in heard_last[MOST_DEVICES - 1 :]]
    PushSubscription.objects.filter(pk__in=surplus).update(gone_at=now)


def _drop_those_of_before(user: User, kept: PushSubscription, now: datetime) -> None:
    """Where the contact point was taken away, whoever was signed in then let the other devices show notices."""
    if not ContactPoint.objects.live().filter(user=user, kind=ContactPoint.Kind.PUSH).exists():
        PushSubscription.objects.live().filter(user=user).exclude(pk=kept.pk).update(gone_at=now)


def _give_up_if_last(user: User, now: datetime, *, by_them: bool = True) -> None:
    if PushSubscription.objects.live().filter(user=user).exists():
        return
    if retire_contact_point(user=user, kind=ContactPoint.Kind.PUSH, now=now):
        _record(user, now, enabled=False, by_them=by_them)


def _record(user: User, now: datetime, *, enabled: bool, by_them: bool = True) -> None:
    """That they are told on a device, or no more: an event, and a consent where it is their own word."""
    channel, source = Delivery.Channel.PUSH.value, Consent.Source.PAGE
    if by_them:
        Consent.objects.create(
            user=user, channel=channel, given=enabled, source=source, wording=WORDING[source], at=now
        )
    record(NoticeEvent.Kind.PREFERENCE, borrower_id=user.pk, at=now, channel=channel, enabled=enabled)
