"""Borrowers as partners name them: found by phone, else by email, else made.

What a partner says is taken where nothing of the person's own stands against it. In particular it never changes how a
person signs in once they have done so, or works at the desk: a wrong number in a file must not open their account.
"""

from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.contact_points import set_contact_point
from accounts.models import ContactPoint, User
from accounts.models.user import DEFAULT_TIME_ZONE
from accounts.verification import keep_email_address

DEFAULT_LOCALE = "zh-hans"
SIGN_IN_FIELDS = {ContactPoint.Kind.PHONE: "phone", ContactPoint.Kind.EMAIL: "email"}


class NotABorrowerError(ValueError):
    """A partner names as borrower somebody who works at the desk. The text holds no personal data."""


@transaction.atomic
def find_or_create_borrower(
    *,
    external_id: str,
    name: str,
    phone: str | None,
    email: str | None,
    locale: str | None,
    time_zone: str | None,
) -> tuple[User, list[str]]:
    """The one person with this phone (E.164), else with this email, else a new one; and remarks on what was not taken.

    `external_id` is the partner's own number for the person and stands in the remarks, which hold no other personal
    data. Phone and email come as `accounts.phones` and the intake leave them. Safe to run twice at once and inside a
    caller's transaction. Raises
    NotABorrowerError. Without phone and email every call makes another person: look for the loan first.
    """
    email = email.lower() if email else None
    found = _find(phone, email)
    if found and found.is_staff:
        raise NotABorrowerError(f"borrower {external_id}: phone or email are those of somebody at the desk")
    if found is None:
        fields = {"name": name, "locale": locale or DEFAULT_LOCALE, "time_zone": time_zone or DEFAULT_TIME_ZONE}
        made = _create(phone, email, **fields)
        if made and (phone or email) and not (email and _belongs_to_another(made, ContactPoint.Kind.EMAIL, email)):
            _equip(made)
            return made, []
        found = made or _find(phone, email)
    if found is None:
        raise RuntimeError(f"borrower {external_id}: somebody else was making this person and then was not")
    return found, update_borrower(found, external_id=external_id, name=name, phone=phone, email=email)


def _equip(user: User) -> None:
    """A new person has no history to be weighed against what the partner says: it is taken as it is."""
    given = ((ContactPoint.Kind.PHONE, user.phone), (ContactPoint.Kind.EMAIL, user.email))
    ContactPoint.objects.bulk_create(
        ContactPoint(user=user, kind=kind, address=address, source=ContactPoint.Source.PARTNER)
        for kind, address in given
        if address
    )
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)


@transaction.atomic
def update_borrower(user: User, *, external_id: str, name: str, phone: str | None, email: str | None) -> list[str]:
    """Take what a partner says now of a person it has named before; remarks on what was not taken."""
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))
    remarks = _keep_name(user, name)
    if not phone and not email:
        remarks.append("has neither phone nor email: can be reached by post or a person only")
    for kind, address in ((ContactPoint.Kind.PHONE, phone), (ContactPoint.Kind.EMAIL, email)):
        if address:
            remarks += _keep_address(user, kind, address.lower())
    return [f"borrower {external_id}: {remark}" for remark in remarks]


def _find(phone: str | None, email: str | None) -> User | None:
    by_phone = User.objects.filter(phone=phone).first() if phone else None
    return by_phone or (User.objects.filter(email=email).first() if email else None)


def _create(phone: str | None, email: str | None, **fields: Any) -> User | None:
    """The new person; None where another intake has just made them: its transaction is over, or ours would wait."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, phone=phone, **fields)
    except IntegrityError:
        return None


def _keep_name(user: User, name: str) -> list[str]:
    if name and not user.name:
        User.objects.filter(pk=user.pk).update(name=name)
        user.name = name
    if name and user.name != name:
        return ["is known here by another name, which was kept: please look whether this is one person"]
    return []


def _keep_address(user: User, kind: ContactPoint.Kind, address: str) -> list[str]:
    if user.is_staff:
        return [f"works at the desk: the {kind} was not taken"]
    if _belongs_to_another(user, kind, address):
        return [f"the {kind} belongs to another person here and was left alone"]
    if _was_replaced(user, kind, address):
        return [f"the {kind} was replaced by a newer one before and was left alone"]
    source = ContactPoint.Source.PARTNER
    if set_contact_point(user=user, kind=kind, address=address, source=source).address != address:
        return [f"the person gave us another {kind} themselves, which was kept"]
    if getattr(user, SIGN_IN_FIELDS[kind]) != address:
        return _change_sign_in(user, kind, address)
    if kind == ContactPoint.Kind.EMAIL:
        keep_email_address(user, address)
    return []


def _belongs_to_another(user: User, kind: ContactPoint.Kind, address: str) -> bool:
    others = User.objects.exclude(pk=user.pk).filter(**{SIGN_IN_FIELDS[kind]: address})
    return others.exists() or (
        kind == ContactPoint.Kind.EMAIL
        and EmailAddress.objects.exclude(user=user).filter(email=address, verified=True).exists()
    )


def _was_replaced(user: User, kind: ContactPoint.Kind, address: str) -> bool:
    """Two partners that each keep their own, or an old file, must not turn an address back with every intake."""
    points = ContactPoint.objects.filter(user=user, kind=kind, address=address)
    return points.exclude(retired_at=None).exists() and not points.live().exists()


def _has_signed_in(user: User) -> bool:
    return user.last_login is not None or user.phone_verified or user.has_usable_password()


def _change_sign_in(user: User, kind: ContactPoint.Kind, address: str) -> list[str]:
    if _has_signed_in(user):
        return [f"the {kind} is used to reach the person, who signs in otherwise"]
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(**{SIGN_IN_FIELDS[kind]: address})
    except IntegrityError:
        return [f"the {kind} belongs to another person here and was left alone"]
    setattr(user, SIGN_IN_FIELDS[kind], address)
    if kind == ContactPoint.Kind.EMAIL:
        EmailAddress.objects.filter(user=user).exclude(email=address).delete()
        keep_email_address(user, address)
    return []
