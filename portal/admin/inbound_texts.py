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
from accounts.models import ContactPoint
from notifications.channels.inbound import InboundText as Words
from notifications.channels.inbound import read_aliyun, read_kannel, read_twilio
from notifications.evidence.raw import mask_keys
from notifications.models import InboundText
from portal.admin.cells import TEXT_TONES, chip, person_link
from portal.admin.raw import mask_digits, masked_raw
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import reason_words


@admin.register(InboundText)
class InboundTextAdmin(ReadOnlyAdmin[InboundText]):
    """Those that mean something else are for a person to read."""

    list_display = ["received_at", "borrower_link", "meaning_chip", "words", "done", "delivery"]
    list_filter = ["meaning"]
    ordering = ["-pk"]
    fields = ["received_at", "borrower_link", "meaning", "words", "done", "delivery"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[InboundText]":
        return with_words(super().get_queryset(request)).select_related("delivery")

    @admin.display(description=_("borrower"))
    def borrower_link(self, text: InboundText) -> SafeString | str:
        return person_link(text.borrower) if text.borrower else gettext("nobody that we know")

    @admin.display(description=_("meaning"), ordering="meaning")
    def meaning_chip(self, text: InboundText) -> SafeString:
        return chip(text.get_meaning_display(), TEXT_TONES[InboundText.Meaning(text.meaning)])

    @admin.display(description=_("words"))
    def words(self, text: InboundText) -> str:
        return words_of(text)

    @admin.display(description=_("what was done"))
    def done(self, text: InboundText) -> str:
        return reason_words(text.outcome)


def with_words(texts: "QuerySet[InboundText]") -> "QuerySet[InboundText]":
    """The texts with what `words_of` reads."""
    return texts.select_related("borrower", "callback").prefetch_related("borrower__contact_points")


def words_of(text: InboundText) -> str:
    """What they wrote, with every address and long number masked; all of the message where it cannot be read.

    A provider may hand over several people's at once: shown are those of this one's numbers, past ones too, and nobody
    else's.
    """
    raw, known = bytes(text.callback.raw), _addresses(text)
    read = _READERS.get(text.callback.provider)
    written = read(raw) if read else []
    theirs = [one for one in written if not known.isdisjoint(one.senders)]
    if not theirs and text.borrower and len(written) > 1:
        return gettext("not shown: it came together with what others wrote")
    if not (theirs or written):
        return masked_raw(raw, known) or gettext("not shown: it cannot be masked")
    said = mask_keys(" / ".join(one.text for one in theirs or written))
    return mask_digits(mask_text(said, known))


def _addresses(text: InboundText) -> set[str]:
    if text.borrower is None:
        return set()
    written_to = {point.address for point in text.borrower.contact_points.all() if point.kind != ContactPoint.Kind.PUSH}
    return {address for address in (*written_to, text.borrower.phone, text.borrower.email) if address}


def _form(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


_READERS: Final[dict[str, Callable[[bytes], list[Words]]]] = {
    "kannel_in": read_kannel,
    "twilio_in": lambda raw: read_twilio(_form(raw)),
    "aliyun_in": read_aliyun,
}
