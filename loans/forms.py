"""What a borrower fills in to say that something is wrong."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loans import dates
from loans.disputes import is_about
from loans.files import MAX_FILES, CheckedFile, check_file, clean_name, too_large
from loans.models import Dispute, DisputeMessage, Installment, Loan
from loans.money import format_money
from loans.uploads import BoundedUpload

MAX_WORDS = DisputeMessage._meta.get_field("words").max_length


class WordsField(forms.CharField):
    """A text of at most `MAX_WORDS` characters, counted as a browser counts them: a new line is one."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_WORDS, **options)
        self.error_messages["max_length"] = _("Use at most %(limit_value)d characters; there are %(show_value)d.")

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class TokenField(forms.UUIDField):
    """The token of a form; a missing or broken one is made anew: its sender could not mend it."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> UUID:
        with suppress(ValidationError):
            token: UUID | None = super().clean(value)
            if token:
                return token
        return uuid4()


class FilesInput(forms.ClearableFileInput):
    """Chooses several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Up to `MAX_FILES` files, each checked by what it holds. Cleans to a list of CheckedFile.

    `upload` says what the bounds of the request dropped; every refused file is named with its reason.
    """

    widget = FilesInput

    def __init__(self, *, upload: BoundedUpload | None, **options: Any) -> None:
        super().__init__(**options)
        self.upload = upload

    def clean(self, data: Any, initial: Any = None) -> Any:
        files: Sequence[UploadedFile[Any]] = data or []
        chosen = max(len(files), len(self.upload.chosen) if self.upload else 0)
        if chosen > MAX_FILES:
            raise ValidationError(
                _("You chose %(chosen)d files; %(limit)d can be sent at a time. More can be added afterwards."),
                code="too_many_files",
                params={"chosen": chosen, "limit": MAX_FILES},
            )
        refusals: list[ValidationError] = [too_large(clean_name(name)) for name in self._dropped()]
        checked: list[CheckedFile] = []
        for file in files:
            try:
                checked.append(check_file(file))
            except ValidationError as refusal:
                refusals.append(refusal)
        if refusals:
            raise ValidationError(refusals)
        return checked

    def _dropped(self) -> list[str]:
        return self.upload.too_large if self.upload else []


class MessageForm(forms.Form):
    """Words and files, of which one may be missing. A browser forgets chosen files: `chosen_again` names them."""

    words = WordsField(required=False)
    form_token = TokenField(required=False, initial=uuid4)

    def __init__(self, *args: Any, upload: BoundedUpload | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.upload = upload
        self.fields["files"] = FilesField(upload=upload, required=False)

    @property
    def chosen_again(self) -> list[str]:
        """The names of the files that were sent and are to be chosen once more, after an error."""
        return [clean_name(name) for name in self.upload.chosen] if self.upload and self.errors else []

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and self.says_nothing(data):
            self.add_error("words", ValidationError(_("Write a few words, or choose a file."), code="empty"))
        return data

    def says_nothing(self, data: dict[str, Any]) -> bool:
        """Whether there is nothing in it for a person to read."""
        return not data.get("words") and not data.get("files")


if TYPE_CHECKING:
    OneInstallment = forms.ModelChoiceField[Installment]
else:
    OneInstallment = forms.ModelChoiceField


class InstallmentField(OneInstallment):
    """One installment of a loan, or none for the whole loan."""

    def label_from_instance(self, obj: Installment) -> str:
        language = get_language() or "en"
        due = dates.day(obj.due_on, language, timezone.localdate())
        return _("%(due)s, no. %(number)d: %(amount)s") % {
            "due": due,
            "number": obj.number,
            "amount": format_money(obj.total, obj.loan.currency, language),
        }


class DisputeForm(MessageForm):
    """Opens a dispute about `loan`, or about one installment of it: `installment`, or else the one chosen."""

    kind = forms.ChoiceField(
        choices=Dispute.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is wrong.")},
    )
    about = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, loan: Loan, installment: Installment | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if installment is None:
            self.fields["installment"] = InstallmentField(
                loan.installments.select_related("loan"), required=False, empty_label=_("The whole loan")
            )

    def says_nothing(self, data: dict[str, Any]) -> bool:
        """Where the kind does not say what is wrong, the words do, and dots are none."""
        if data.get("kind") == Dispute.Kind.OTHER and not any(sign.isalnum() for sign in data.get("words", "")):
            return not data.get("files")
        return super().says_nothing(data)

    def clean_about(self) -> str:
        """What does not have the right form came from no page of ours, and is dropped: the words count."""
        about: str = self.cleaned_data["about"]
        return about if is_about(about) else ""
