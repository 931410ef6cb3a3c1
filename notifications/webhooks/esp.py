"""What mail firms report. Each firm's own signature or password is checked, and its report read, by anymail."""

from collections.abc import Callable
from typing import Any, Final

from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from notifications import receipts
from notifications.channels.esp_reports import pack
from notifications.webhooks.door import is_too_long, nothing_here, refuse, webhook

LONGEST_REPORT: Final = 2_000_000
UNREADABLE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What reading raises for a report that is not of the firm's shape, beside anymail's own error."""


@webhook("anymail", "POST", "HEAD")
def esp_report(request: HttpRequest, esp: str) -> HttpResponse:
    """A report of the firm `esp`, in anymail's spelling, where ANYMAIL_WEBHOOKS names it.

    A caller whom anymail does not know is answered 400, or 401 where the firm waits to be asked for its password.
    """
    view = _find_view(esp) if esp in settings.ANYMAIL_WEBHOOKS else None
    if view is None or not _is_protected(view):
        return nothing_here()
    if is_too_long(request, LONGEST_REPORT):
        return refuse(413, "A report of this length is no mail firm's.")
    body = request.body  # kept, it can be read again: anymail may take it as a form, after which it could not
    # Loads an HTTP client, which few web processes need.
    from anymail.exceptions import AnymailAPIError

    events: list[AnymailTrackingEvent] = []
    try:
        answer = _collecting(view, events)(request)
    except (AnymailAPIError, *UNREADABLE):
        return refuse(400, "The report cannot be read as this firm's.")
    if events:
        receipts.store(provider="anymail", raw=pack(events, body))
    return answer


def find_fault(esp: str) -> str:
    """Why no report of the firm `esp` would be taken; empty where it would be. Loads HTTP clients."""
    view = _find_view(esp)
    if view is None:
        return f"ANYMAIL_WEBHOOKS names {esp!r}, of which anymail reads no reports"
    try:
        protected = _is_protected(view)
    except ImproperlyConfigured as error:
        return f"The reports of {esp} cannot be checked: {str(error).strip().splitlines()[0]}"
    return "" if protected else f"ANYMAIL_WEBHOOK_SECRET is not set, and {esp} signs nothing"


def _find_view(esp: str) -> Any:
    """anymail's view of a firm's events, from its own table of addresses."""
    try:
        found: Any = resolve(f"/{esp}/tracking/", urlconf="anymail.urls").func
        return found.view_class
    except Resolver404:
        return None


def _is_protected(view: Any) -> bool:
    """Whether callers have to prove themselves, by a password or the firm's signature: anymail only warns if not.

    Raises ImproperlyConfigured where the firm's key is missing.
    """
    made = view(webhook_secret="asked only whether a password is all that there is")  # noqa: S106
    return bool(settings.ANYMAIL.get("WEBHOOK_SECRET")) or not made.warn_if_no_basic_auth


def _collecting(view: Any, events: list[AnymailTrackingEvent]) -> Callable[[HttpRequest], HttpResponse]:
    """anymail's view, checks and all, whose events come to us and to no signal's receivers."""

    class Collecting(view):  # type: ignore[misc]  # which class it is, is known at run time
        def parse_events(self, request: HttpRequest) -> list[AnymailTrackingEvent]:
            events.extend(super().parse_events(request))
            return []

    as_view: Callable[[HttpRequest], HttpResponse] = Collecting.as_view()
    return as_view
