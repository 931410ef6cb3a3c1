"""Hears from allauth what a person has proved."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, password_reset
from django.dispatch import receiver

from accounts.models import User
from accounts.verification import confirm_email


@receiver(email_confirmed, dispatch_uid="accounts.email_confirmed")
def keep_confirmed_email(email_address: EmailAddress, **_kwargs: Any) -> None:
    """The link that confirms an address was opened; by now the person signs in with it, and the one before will go."""
    is_a_change = EmailAddress.objects.filter(user=email_address.user_id).exclude(pk=email_address.pk).exists()
    confirm_email(User.objects.get(pk=email_address.user_id), chosen=is_a_change)


@receiver(password_reset, dispatch_uid="accounts.password_reset")
def keep_email_of_reset(user: User, **_kwargs: Any) -> None:
    """The link to set a password is mailed to the address in use only, so whoever opened it reads that mailbox."""
    confirm_email(user)
