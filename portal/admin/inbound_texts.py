"""What borrowers wrote back by SMS: who it is from, what it was taken for and what was done; its words are masked."""

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from notifications.channels.inbound import InboundText as Words
from notifications.channels.inbound import read_aliyun, read_kannel, read_twilio
from notifications.evidence.raw import mask_keys
from notifications.models import InboundText
from portal.admin.cells import chip, person_link
from portal.admin.raw import mask_digits, masked_raw
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import reason_words

_TONES: Final = {
    InboundText.Meaning.ACKNOWLEDGE: "good",
    InboundText.Meaning.STOP: "warn",
    InboundText.Meaning.OTHER: "",
}


@admin.register(InboundText)
class InboundTextAdmin(ReadOnlyAdmin[InboundText]):
    """Those that mean something else are for a person to read."""

    list_display = ["received_at", "borrower_link", "meaning_chip", "words", "done", "delivery"]
    list_filter = ["meaning"]
    ordering = ["-pk"]
    fields = ["received_at", "borrower_link", "meaning", "words", "done", "delivery"]

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

    @admin.display(description=_("what was done"))
    def done(self, text: InboundText) -> str:
        return reason_words(text.outcome)


def words_of(text: InboundText) -> str:
    """What they wrote, with every address and long number masked; all of the message where it cannot be read.

    A provider may hand over several people's at once: shown are those of this one's number.
    """
    raw = bytes(text.callback.raw)
    phone, email = (text.borrower.phone, text.borrower.email) if text.borrower else (None, None)
    read = _READERS.get(text.callback.provider)
    written = read(raw) if read else []
    theirs = [one for one in written if one.sender_e164 == phone] or written
    if not theirs:
        return masked_raw(raw, [phone, email]) or gettext("not shown: it cannot be masked")
    said = mask_keys(" / ".join(one.text for one in theirs))
    return mask_digits(mask_text(said, [address for address in (phone, email) if address]))


def _form(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


_READERS: Final[dict[str, Callable[[bytes], list[Words]]]] = {
    "kannel_in": lambda raw: read_kannel(_form(raw)),
    "twilio_in": lambda raw: read_twilio(_form(raw)),
    "aliyun_in": read_aliyun,
}
