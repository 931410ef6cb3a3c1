"""What mail firms report. Each firm's own signature or password is checked, and its report read, by anymail."""

from collections.abc import Callable
from typing import Any, Final

from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from notifications import receipts
from notifications.channels.esp_reports import pack
from notifications.webhooks.door import is_too_long, nothing_here, refuse, webhook
from notifications.webhooks.esp_age import is_too_old
from notifications.webhooks.esp_proofs import UNREADABLE, find_fault, find_view

LONGEST_REPORT: Final = 2_000_000


@webhook("anymail", "POST", "HEAD")
def esp_report(request: HttpRequest, esp: str) -> HttpResponse:
    """A report of the firm `esp`, in anymail's spelling, where ANYMAIL_WEBHOOKS names it.

    A caller whom anymail does not know is answered 400, or 401 where the firm waits to be asked for its password. A
    firm that could not prove itself is not there.
    """
    if esp not in settings.ANYMAIL_WEBHOOKS or find_fault(esp):
        return nothing_here()
    if is_too_long(request, LONGEST_REPORT):
        return refuse(413, "A report of this length is no mail firm's.")
    body = request.body  # kept, it can be read again: anymail may take it as a form, after which it could not
    # Loads an HTTP client, which few web processes need.
    from anymail.exceptions import AnymailAPIError

    events: list[AnymailTrackingEvent] = []
    try:
        answer = _collecting(find_view(esp), events)(request)
        old = bool(events) and is_too_old(esp, request, timezone.now())
    # ImproperlyConfigured: the firm was told to bring something else here, such as incoming mail.
    except (AnymailAPIError, ImproperlyConfigured, *UNREADABLE):
        return refuse(400, "The report cannot be read as this firm's.")
    if old:
        return refuse(406, "The report was signed too long ago.")  # by this answer Mailgun does not call again
    if events:
        receipts.store(provider="anymail", raw=pack(events, body))
    return answer


def _collecting(view: Any, events: list[AnymailTrackingEvent]) -> Callable[[HttpRequest], HttpResponse]:
    """anymail's view, checks and all, whose events come to us and to no signal's receivers."""

    class Collecting(view):  # type: ignore[misc]  # which class it is, is known at run time
        def parse_events(self, request: HttpRequest) -> list[AnymailTrackingEvent]:
            events.extend(super().parse_events(request))
            return []

    as_view: Callable[[HttpRequest], HttpResponse] = Collecting.as_view()
    return as_view
