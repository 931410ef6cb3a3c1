"""Adds, changes and mends the ways to reach a person."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import ContactPoint, User


@transaction.atomic
def set_contact_point(
    *, user: User, kind: str, address: str, source: str, verified_at: datetime | None = None
) -> ContactPoint:
    """Make `address` the person's live contact point of `kind`; the one before it is retired.

    What a person gave themselves is not replaced by what a partner says: the partner's word is then ignored and the
    live one returned.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    live = ContactPoint.objects.filter(user=user, kind=kind, retired_at=None).first()
    if live and live.address == address:
        return _verified(live, source=source, verified_at=verified_at)
    if live and live.source == ContactPoint.Source.OWNER and source == ContactPoint.Source.PARTNER:
        return live
    ContactPoint.objects.filter(user=user, kind=kind, retired_at=None).update(retired_at=timezone.now())
    return ContactPoint.objects.create(user=user, kind=kind, address=address, source=source, verified_at=verified_at)


@transaction.atomic
def confirm_contact_point(*, user: User, kind: str, address: str, now: datetime, chosen: bool = False) -> None:
    """The person proved at `now` that what is sent to `address` reaches them: it is verified, reachable and their own.

    Unless `chosen`, another address that they gave themselves stays in use instead. One that they chose here, signed
    in, tells of all loans that they have. Others who were said to be reached there, and never proved it, are so no
    longer: their debts would be told to this person.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if kind != ContactPoint.Kind.PUSH:
        unproved = ContactPoint.objects.live().filter(kind=kind, address=address, verified_at=None)
        unproved.exclude(user=user).update(retired_at=now)
    live = ContactPoint.objects.filter(user=user, kind=kind, retired_at=None).first()
    if live and live.address != address and live.source == ContactPoint.Source.OWNER and not chosen:
        return
    point = set_contact_point(user=user, kind=kind, address=address, source=ContactPoint.Source.OWNER, verified_at=now)
    mark_reached([point.pk])
    if chosen:
        ContactPoint.objects.filter(pk=point.pk).update(named_by=[])


def retire_contact_point(*, user: User, kind: str, now: datetime) -> int:
    """The person gave up their contact point of `kind`; returns how many were in use: one or none."""
    return ContactPoint.objects.live().filter(user=user, kind=kind).update(retired_at=now)


def mark_unreachable(contact_point_ids: list[int], *, reason: str, now: datetime) -> int:
    """Note that a provider called these contact points unreachable; returns how many were reachable before."""
    return ContactPoint.objects.filter(pk__in=contact_point_ids, unreachable_since=None).update(
        unreachable_since=now, unreachable_reason=reason[:200]
    )


def mark_reached(contact_point_ids: list[int]) -> int:
    """A delivery arrived there: the mark "unreachable" is lifted."""
    return (
        ContactPoint.objects.filter(pk__in=contact_point_ids)
        .exclude(unreachable_since=None)
        .update(unreachable_since=None, unreachable_reason="")
    )


def _verified(point: ContactPoint, *, source: str, verified_at: datetime | None) -> ContactPoint:
    changed = []
    if verified_at and (point.verified_at is None or point.verified_at < verified_at):
        point.verified_at = verified_at
        changed.append("verified_at")
    if source == ContactPoint.Source.OWNER and point.source != source:
        point.source = source
        changed.append("source")
    if changed:
        point.save(update_fields=changed)
    return point
