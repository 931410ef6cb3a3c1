"""What borrowers wrote back by SMS: who it is from, what it was taken for and what was done; its words are masked."""

from typing import Any, Final
from urllib.parse import parse_qsl

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.models import InboundText
from portal.admin.cells import chip, person_link
from portal.admin.masking import mask_text
from portal.admin.raw import mask_digits, masked_raw
from portal.admin.read_only import ReadOnlyAdmin

_TONES: Final = {
    InboundText.Meaning.ACKNOWLEDGE: "good",
    InboundText.Meaning.STOP: "warn",
    InboundText.Meaning.OTHER: "",
}
_FIELDS_OF_WORDS: Final = ("text", "Body")
"""What Kannel and Twilio call the words in their forms."""


@admin.register(InboundText)
class InboundTextAdmin(ReadOnlyAdmin[InboundText]):
    """Those that mean something else are for a person to read."""

    list_display = ["received_at", "borrower_link", "meaning_chip", "words", "outcome", "delivery"]
    list_filter = ["meaning"]
    ordering = ["-pk"]
    fields = ["received_at", "borrower_link", "meaning", "words", "outcome", "delivery"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[InboundText]":
        return super().get_queryset(request).select_related("borrower", "callback", "delivery")

    @admin.display(description=_("borrower"))
    def borrower_link(self, text: InboundText) -> SafeString | str:
        return person_link(text.borrower) if text.borrower else gettext("nobody that we know")

    @admin.display(description=_("meaning"), ordering="meaning")
    def meaning_chip(self, text: InboundText) -> SafeString:
        return chip(text.get_meaning_display(), _TONES[InboundText.Meaning(text.meaning)])

    @admin.display(description=_("words"))
    def words(self, text: InboundText) -> str:
        return words_of(text)


def words_of(text: InboundText) -> str:
    """What they wrote, with every address and long number masked; the whole message where its form is not known."""
    known: list[Any] = [text.borrower.phone, text.borrower.email] if text.borrower else []
    raw = bytes(text.callback.raw)
    form = dict(parse_qsl(raw.decode("utf-8", "replace")))
    said = next((form[name] for name in _FIELDS_OF_WORDS if name in form), None)
    shown = masked_raw(raw, known) if said is None else mask_text(said, [one for one in known if one])
    return mask_digits(shown)
