"""Signing in, where it differs from allauth's way: phones, closed sign-up, silence towards strangers, failing senders.

Unknown numbers and addresses get nothing sent and the same answer as known ones, also while a sender is down.
"""

import logging
from typing import Any, Final, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.utils import passthrough_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language, gettext, gettext_lazy, override

from accounts.forms import PhoneField
from accounts.mails import MailNotTakenError, check_mail_server
from accounts.models import User
from accounts.phones import is_service_number, normalize_phone
from accounts.text_messages import TextMessageError, find_carrier
from accounts.verification import change_phone, confirm_phone

logger = logging.getLogger(__name__)

MAIL_TO_STRANGERS: Final = "account/email/unknown_account"
NOTICES: Final = frozenset(
    f"account/email/{name}" for name in ("email_changed", "password_changed", "password_reset", "password_set")
)
"""Mail about what has happened already; that it cannot be sent undoes nothing."""


class AccountAdapter(DefaultAccountAdapter):
    """How allauth sees our people. See its documentation for what each method is asked for."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": gettext_lazy("This email and password do not belong together."),
        "incorrect_code": gettext_lazy("This is not the code. Look for the newest message from us."),
        "phone_taken": gettext_lazy("Another account has this number. Write to us and we will put it right."),
        "rate_limited": gettext_lazy("That was too soon. Please wait half a minute and try again."),
        "too_many_codes": gettext_lazy("Too many codes were tried for this number. Please try again in an hour."),
        "too_many_login_attempts": gettext_lazy("Too many tries. Please wait a few minutes and try again."),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Borrowers to their first page, those who work at the desk to the desk."""
        if isinstance(request.user, User) and request.user.is_staff:
            return reverse("admin:index")
        return str(super().get_login_redirect_url(request))

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come from partners' files; nobody makes an account here."""
        return False

    def phone_form_field(self, **kwargs: Any) -> PhoneField:
        return PhoneField(**kwargs)

    def clean_phone(self, phone: str) -> str:
        number = normalize_phone(phone)
        if is_service_number(number):
            words = gettext("Firms are called at this number, and no code can be sent to it. Please use your own.")
            raise ValidationError(words, code="service_number")
        return number

    def get_phone(self, user: AbstractBaseUser) -> tuple[str, bool] | None:
        person = _person(user)
        return (person.phone, person.phone_verified) if person.phone else None

    def get_user_by_phone(self, phone: str) -> User | None:
        return User.objects.filter(phone=phone).first()

    def set_phone(self, user: AbstractBaseUser, phone: str, verified: bool) -> None:
        if not change_phone(_person(user), phone, verified=verified):
            self._refuse(self.error_messages["phone_taken"])

    def set_phone_verified(self, user: AbstractBaseUser, phone: str) -> None:
        """allauth calls this after a sign-in by code, and also for a number that is to become the person's."""
        if self.request.user.is_authenticated:
            self.set_phone(user, phone, verified=True)
        else:
            if not confirm_phone(_person(user), phone):
                self._refuse(self.error_messages["incorrect_code"])  # a code for a number that was theirs

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Nothing but the password: what the intake has changed since `user` was read stays."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_verification_code_sms(self, user: AbstractBaseUser, phone: str, code: str, **kwargs: Any) -> None:
        try:
            find_carrier().send_code(phone, code, _person(user).locale)
        except TextMessageError as error:
            self._say_not_sent(error)

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        try:
            find_carrier().check()
        except TextMessageError as error:
            self._say_not_sent(error)

    def send_account_already_exists_sms(self, phone: str) -> None:
        """Sign-up is closed; a text here would cost money for anybody's number."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of the person written to, where the context names them."""
        user = context.get("user")
        try:
            if template_prefix == MAIL_TO_STRANGERS:
                check_mail_server()
                return
            with override(user.locale if isinstance(user, User) else get_language()):
                super().send_mail(template_prefix, email, context)
        except OSError as error:  # smtplib's errors are OSErrors, too
            if template_prefix in NOTICES:
                logger.warning("A notice (%s) could not be mailed: %s", template_prefix, type(error).__name__)
            else:
                self._say_not_sent(error)

    def send_password_reset_mail(self, user: AbstractBaseUser, email: str, context: dict[str, Any]) -> None:
        """To the address in use only: allauth also finds people by one that they mistyped and never confirmed."""
        if _person(user).email == email.lower():
            super().send_password_reset_mail(user, email, context)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """False for an address that another person signs in with, verified or not: allauth looks at verified ones."""
        if User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id).exists():
            failed = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, failed, {"email": email_address.email})
            return False
        return bool(super().confirm_email(request, email_address))

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """allauth's own way would count the failures of everybody without an email together."""
        return user.check_password(password)

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """After the password, if there is one: signing in anew, by whatever way."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated:
            again = {"id": "again", "description": gettext("Sign in again"), "url": reverse("account_sign_in_again")}
            methods.append(again)
        return methods

    def _say_not_sent(self, error: Exception) -> None:
        logger.warning("A message for signing in could not be sent: %s: %s", type(error).__name__, describe(error))
        self._refuse(gettext("We could not send the message just now. Please try again in a minute."))

    def _refuse(self, words: str) -> None:
        """Back to the page that asked, with these words."""
        self.add_message(self.request, messages.ERROR, message=words)
        back = passthrough_next_redirect_url(self.request, self.request.path, REDIRECT_FIELD_NAME)
        raise ImmediateHttpResponse(HttpResponseRedirect(back))


def _person(user: AbstractBaseUser) -> User:
    """allauth's types know only what all models of people share; ours is the one model there is."""
    return cast("User", user)


def describe(error: Exception) -> str:
    """What may be logged of an error: a mail server's words can repeat the address."""
    return str(error) if isinstance(error, TextMessageError | MailNotTakenError) else ""
