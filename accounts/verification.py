"""What is kept when a person has proved that a phone or an email is theirs."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.contact_points import confirm_contact_point
from accounts.models import ContactPoint, User


@transaction.atomic
def confirm_phone(user: User, phone: str) -> bool:
    """A code sent to `phone` (E.164) came back from its owner. False, and nothing kept, if they have another by now."""
    if not User.objects.filter(pk=user.pk, phone=phone).update(phone_verified=True):
        return False
    confirm_contact_point(user=user, kind=ContactPoint.Kind.PHONE, address=phone, now=timezone.now())
    user.phone_verified = True
    return True


def change_phone(user: User, phone: str, *, verified: bool) -> bool:
    """Make `phone` (E.164) the one that the person signs in with. False if another person has it."""
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(phone=phone, phone_verified=verified)
            if verified:
                confirm_contact_point(
                    user=user, kind=ContactPoint.Kind.PHONE, address=phone, now=timezone.now(), chosen=True
                )
    except IntegrityError:
        return False
    user.phone, user.phone_verified = phone, verified
    return True


@transaction.atomic
def confirm_email(user: User, *, chosen: bool = False) -> None:
    """The person opened what was mailed to `user.email`; `chosen` if they asked to be reached there from now on."""
    if not user.email:
        return
    if keep_email_address(user, user.email).set_verified():
        confirm_contact_point(
            user=user, kind=ContactPoint.Kind.EMAIL, address=user.email, now=timezone.now(), chosen=chosen
        )


def keep_email_address(user: User, email: str) -> EmailAddress:
    """The row by which allauth knows that `email` belongs to the person; made, unverified, if there is none."""
    is_first = not EmailAddress.objects.filter(user=user, primary=True).exists()
    address, _created = EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": is_first})
    return address
