"""allauth's forms, asking one thing each and in our words."""

from typing import Any, Final, cast

from allauth.account import forms as allauth_forms
from allauth.account.fields import EmailField
from allauth.account.fields import PhoneField as AllauthPhoneField
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django import forms
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User

LONGEST_EMAIL: Final = 254
"""Of what can be kept, and of what mail servers take (RFC 5321); Django's own fields for forms let more pass."""


class PhoneField(AllauthPhoneField):
    """A phone number as people write it; `accounts.phones` makes E.164 of it, where allauth wants that to be typed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["label"] = _("Your phone number")
        kwargs["help_text"] = _("The one that your lender has. Outside mainland China with + and the country code.")
        kwargs["validators"] = []
        kwargs["max_length"] = 40
        kwargs["widget"] = forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"})
        super().__init__(**kwargs)


class BareFields(forms.Form):
    """Fields without placeholders, which repeat the label and vanish when it is needed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class CodeFields(BareFields):
    """A field for six digits, which phones can fill in from the message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.label = _("Code of 6 digits")
        code.widget.attrs.update({"inputmode": "numeric", "autocomplete": "one-time-code"})


class RequestCodeForm(BareFields, allauth_forms.RequestLoginCodeForm):
    """Who wants to sign in, by phone. A person whose account is closed is treated as a stranger."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["email"]
        self.fields["phone"].required = True

    def clean_phone(self) -> str:
        phone: str = super().clean_phone()
        if self._user and not self._user.is_active:
            self._user = None
        return phone


class EmailSignInForm(BareFields, allauth_forms.LoginForm):
    """Email and password. A phone with a password is no way in: allauth counts failed tries by email only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = EmailField(label=_("Email"))
        email.widget.attrs["autocomplete"] = "username"
        email.widget.attrs.pop("placeholder")
        self.fields = {"login": email, "password": self.fields["password"]}
        self.fields["password"].help_text = ""


class ConfirmCodeForm(CodeFields, allauth_forms.ConfirmLoginCodeForm):
    """The code of a sign-in."""


class VerifyPhoneForm(CodeFields, allauth_forms.VerifyPhoneForm):
    """The code for a changed number."""


class ChangePhoneForm(BareFields, allauth_forms.ChangePhoneForm):
    """A new number to sign in with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].label = _("Your new phone number")
        self.fields["phone"].help_text = _("Outside mainland China with + and the country code.")


class ChangeEmailForm(BareFields, allauth_forms.AddEmailForm):
    """A new email to sign in with; it replaces the other once it is confirmed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.label = _("Your new email")
        email.validators.append(MaxLengthValidator(LONGEST_EMAIL))
        email.widget.attrs["maxlength"] = LONGEST_EMAIL

    def save(self, request: HttpRequest) -> EmailAddress:
        """allauth's own would drop at once an email in use that was never confirmed, as a partner's file gives it."""
        person = cast("User", self.user)
        waiting = EmailAddress.objects.filter(user=person, primary=False, verified=False)
        waiting.exclude(email=person.email or "").delete()
        address = EmailAddress.objects.create(user=person, email=self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address


class ResetPasswordForm(BareFields, allauth_forms.ResetPasswordForm):
    """Where to mail the link."""


class NewPasswordFields(BareFields):
    """A password, twice, and what it must be in one line. The checks themselves are in the settings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = _("At least 10 characters, hard to guess. A few words in a row do well.")
        self.fields["password2"].label = _("The same once more")


class ResetPasswordKeyForm(NewPasswordFields, allauth_forms.ResetPasswordKeyForm):
    """A new password, from the link."""


class ChangePasswordForm(NewPasswordFields, allauth_forms.ChangePasswordForm):
    """A new password, with the old one."""


class SetPasswordForm(NewPasswordFields, allauth_forms.SetPasswordForm):
    """A first password."""


class ReauthenticateForm(BareFields, allauth_forms.ReauthenticateForm):
    """The password once more."""
