"""Answers what open pages ask most, "is there news?", where there is none: by session, person and stamp alone.

Whatever else a page goes through is there for its words, forms and addresses, and this answer has none. It is as true
as the long way's: the session is read and checked by Django's own `get_user`, and the stamp is the page's.
"""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from portal.pages.overview import AHEAD
from portal.pages.stamp import write_stamp
from portal.reading_ahead import Ahead, read_ahead
from portal.sessions import SessionStore

UNCHANGED: Final = 204
"""htmx leaves the page alone, so that nothing moves and nothing is read out while there is no news."""
NOT_TO_BE_KEPT: Final = {"Cache-Control": "max-age=0, no-cache, no-store, must-revalidate, private"}


class NothingNewMiddleware:
    """Stands behind ReadingAheadMiddleware, which has read what this compares. All else goes the long way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.languages = dict(settings.LANGUAGES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        ahead = read_ahead()
        if ahead and request.method == "GET" and request.GET.get("part") == "state":
            request.get_host()  # raises DisallowedHost, as CommonMiddleware would
            if request.GET.get("seen") == self._stamp(request, ahead):
                return HttpResponse(status=UNCHANGED, headers=NOT_TO_BE_KEPT)
        return self.get_response(request)

    def _stamp(self, request: HttpRequest, ahead: Ahead) -> str | None:
        """The stamp of the reader's page as it is now; None for one who is not signed in, or whose page is not told
        by what was read.
        """
        request.session = SessionStore(ahead.session_key)
        user = get_user(request)
        if not isinstance(user, User) or user.pk != ahead.person_id or user.locale not in self.languages:
            return None
        today, secret = timezone.localdate(timezone=user.zone), request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
        if ahead.last_day != today + AHEAD:
            return None
        return write_stamp(user, ahead.session_key, secret, user.locale, ahead.overview, today)
