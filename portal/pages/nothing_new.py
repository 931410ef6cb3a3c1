"""Answers what open pages ask most, "is there news?", where there is none: by session, person and stamp alone.

Whatever else a page goes through is there for its words, forms and addresses, and this answer has none. It is as true
as the long way's: session and person are read each time and checked as `get_user` does, and the stamp is the page's.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from portal.authentication import AuthenticationBackend, person_in
from portal.pages.overview import AHEAD
from portal.pages.stamp import write_stamp
from portal.reading_ahead import Ahead, read_ahead
from portal.sessions import SessionStore

REMEMBERED: Final = 2048
"""Readers whose sessions a process has checked and need not check again while nothing about them differs, 3 kB each."""
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
        if ahead.session is None or ahead.person is None:
            return None
        user = reader_of(ahead.session, ahead.person)
        if user is None or user.locale not in self.languages:
            return None
        today, secret = timezone.localdate(timezone=user.zone), request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
        if ahead.last_day != today + AHEAD:
            return None
        return write_stamp(user, ahead.session_key, secret, user.locale, ahead.overview, today)


@lru_cache(maxsize=REMEMBERED)
def reader_of(session: str, person: tuple[Any, ...]) -> User | None:
    """This person, if the session is theirs and they may be signed in, both as they stand in the database now.

    Asks what `get_user` asks, and changes nothing: that would give a session whose hash was made with a key replaced
    since a new name, which this answer could not tell the browser. Such a one goes the long way. Nothing but what is
    given decides, so that the answer is remembered: whoever keeps a page open asks the same every few seconds.
    """
    said, user = SessionStore().decode(session), person_in(person)
    is_theirs = said.get(SESSION_KEY) == str(user.pk)
    may = AuthenticationBackend().user_can_authenticate(user)
    if not is_theirs or not may or said.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    return user if constant_time_compare(said.get(HASH_SESSION_KEY) or "", user.get_session_auth_hash()) else None
