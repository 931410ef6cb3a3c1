"""Twilio's status callbacks for text messages."""

from django.http import HttpRequest, HttpResponse

from notifications import receipts
from notifications.channels.twilio_reports import REQUIRED
from notifications.webhooks.door import PLAIN, webhook
from notifications.webhooks.twilio_door import Called, admit


@webhook("twilio", "POST")
def twilio_report(request: HttpRequest) -> HttpResponse:
    """One status of one message. Our reference is in the address, which is signed too."""
    called = admit(request, REQUIRED)
    if not isinstance(called, Called):
        return called
    receipts.store(provider="twilio", raw=called.raw)
    return HttpResponse(content_type=PLAIN)
