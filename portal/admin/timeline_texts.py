"""Lines about what the borrower wrote by SMS. Their words are on pages of their own: they are read from raw bytes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.models import Delivery, InboundText
from portal.admin.cells import TEXT_TONES
from portal.admin.line import Line, Teller
from portal.admin.reasons import reason_words
from portal.admin.timeline_rows import Row
from portal.admin.timeline_told import about, subjects


def _texts(ids: set[int]) -> Mapping[int, InboundText]:
    return InboundText.objects.select_related("borrower", *subjects("delivery__prompt__")).in_bulk(ids)


def _text(text: InboundText, at: datetime) -> Line:
    return Line(
        kind="text",
        at=at,
        what=_("Wrote a text message"),
        about=about(text.delivery.prompt) if text.delivery else "",
        channel=str(Delivery.Channel.SMS.label),
        proof=text.get_meaning_display(),
        tone=TEXT_TONES[InboundText.Meaning(text.meaning)],
        by=str(text.borrower),
        why=reason_words(text.outcome),
        href=reverse("admin:notifications_inboundtext_change", args=[text.pk]),
        link=_("text message #%d") % text.pk,
    )


TELLERS: Final[dict[Row, Teller]] = {Row.TEXT: Teller(_texts, _text)}
