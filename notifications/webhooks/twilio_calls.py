"""Twilio's calls for a call: what is to be said, how it went, and the key that was pressed or that all was said."""

from typing import Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from notifications import receipts
from notifications.acknowledgement import acknowledge_delivery
from notifications.channels.twilio_signature import RETRIES
from notifications.channels.twiml import write_call, write_nothing, write_words
from notifications.channels.voice_reports import (
    ANSWERED,
    CONFIRMS,
    STATUS_REQUIRED,
    WORDS_REQUIRED,
    answered_by,
    read_key,
)
from notifications.models import Acknowledgement
from notifications.signatures import delivery_id_of
from notifications.spoken import answer, words_of
from notifications.webhooks.door import PLAIN, webhook
from notifications.webhooks.twilio_door import Called, admit

MARKUP: Final = "application/xml"


@webhook("twilio_voice", "POST")
def twilio_call_words(request: HttpRequest) -> HttpResponse:
    """What is said to whoever answered; nothing where the prompt is not to be told any more, or not at this hour, which
    is then on record.

    That somebody answered, and who, is kept as a receipt.
    """
    called = admit(request, STATUS_REQUIRED)
    if not isinstance(called, Called):
        return called
    reference, _key = read_key(called.raw)
    with transaction.atomic():
        receipts.store(provider="twilio_voice", raw=called.raw)
        spoken = answer(reference, now=timezone.now())
    if spoken is None:
        return HttpResponse(write_nothing(), content_type=MARKUP)
    at_the_end = urlencode({"reference": reference, ANSWERED: answered_by(called.form)})
    pressed = f"{settings.TWILIO_CALLBACK_BASE}{reverse('twilio_call_key')}?{at_the_end}{RETRIES}"
    return HttpResponse(write_call(spoken.text, spoken.language, pressed), content_type=MARKUP)


@webhook("twilio_voice", "POST")
def twilio_call_report(request: HttpRequest) -> HttpResponse:
    """One status of one call."""
    called = admit(request, STATUS_REQUIRED)
    if not isinstance(called, Called):
        return called
    receipts.store(provider="twilio_voice", raw=called.raw)
    return HttpResponse(content_type=PLAIN)


@webhook("twilio_voice", "POST")
def twilio_call_key(request: HttpRequest) -> HttpResponse:
    """A key that was pressed in a call, or that all was said and none was: kept as a receipt.

    The right key acknowledges the prompt and is thanked for.
    """
    called = admit(request, WORDS_REQUIRED)
    if not isinstance(called, Called):
        return called
    reference, key = read_key(called.raw)
    spoken = words_of(reference)
    # Both or neither: where either fails, Twilio calls again.
    with transaction.atomic():
        receipts.store(provider="twilio_voice", raw=called.raw)
        if confirmed := spoken is not None and key == CONFIRMS:
            acknowledge_delivery(delivery_id_of(reference), method=Acknowledgement.Method.VOICE, now=timezone.now())
    if spoken is None or not confirmed:
        return HttpResponse(write_nothing(), content_type=MARKUP)
    with translation.override(spoken.language):
        return HttpResponse(write_words(_("Thank you."), spoken.language), content_type=MARKUP)
