"""Who may call as Twilio: only what it signed, for the very address that was called."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from notifications.channels.raw_request import join
from notifications.channels.twilio_reports import read_form
from notifications.channels.twilio_signature import RETRIES, is_genuine
from notifications.webhooks.door import is_too_long, refuse

LONGEST_FORM: Final = 16_384


@dataclass(frozen=True, slots=True)
class Called:
    """A genuine call: its form, and all of it as it is kept."""

    form: dict[str, str]
    raw: bytes


def admit(request: HttpRequest, required: frozenset[str]) -> Called | HttpResponse:
    """The call where Twilio made it and its form has the fields required, else the refusal."""
    if is_too_long(request, LONGEST_FORM):
        return refuse(413, "A form of this length is not Twilio's.")
    try:
        pairs = read_form(request.body)
    except ValueError:
        return refuse(400, "A form with so many fields is not Twilio's.")
    query = request.META.get("QUERY_STRING", "")
    # The address as we gave it to Twilio: what this server calls itself may differ behind a proxy.
    url = f"{settings.TWILIO_CALLBACK_BASE}{request.path}" + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_genuine(signature, (url, url + RETRIES), pairs, settings.TWILIO_AUTH_TOKEN):
        return refuse(403, "The signature is not Twilio's for this address and form.")
    form = dict(pairs)
    if not required <= form.keys():
        return refuse(400, f"The form lacks {', '.join(sorted(required - form.keys()))}.")
    return Called(form, join(query, request.body))
