"""One round trip for the first page: session, person and all that the page shows, asked together.

Whose session a key names is only known when it was read. But it never changes, so a process that has met a key before
may guess, and ask for everything at once; what it is told is used where the session, as it stands now, says the same.
A guess decides nothing: session and person are as valid as the database says at this moment, or there are none.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.models.user import zone_of
from portal.postgresql.base import ask

MOST: Final = 20_000
"""Sessions that a process remembers, some 200 bytes each; past that it begins anew."""

_known: dict[str, tuple[int, str]] = {}
_ahead: ContextVar["Ahead | None"] = ContextVar("ahead", default=None)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was read for a request before anybody asked. `session` and `person` are rows, None where there is none."""

    session_key: str
    session: str | None
    person_id: int
    person: tuple[Any, ...] | None
    last_day: date
    overview: str


def read_ahead() -> Ahead | None:
    """What was read for the request that is being answered, if anything."""
    return _ahead.get()


def remember(session_key: str | None, user: User) -> None:
    """Guess this person when this key comes again."""
    if session_key and _known.get(session_key) != (user.pk, user.time_zone):
        if len(_known) >= MOST:
            _known.clear()
        _known[session_key] = (user.pk, user.time_zone)


def forget() -> None:
    """Guess nothing of any key met so far."""
    _known.clear()


class ReadingAheadMiddleware:
    """Stands before AuthenticationMiddleware: what that asks for has been read by then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if key not in _known or request.path != _first_page():
            return self.get_response(request)
        here = _ahead.set(_read(key, *_known[key]))
        try:
            return self.get_response(request)
        finally:
            _ahead.reset(here)


@cache
def _first_page() -> str:
    return reverse("home")


def _read(key: str, person_id: int, time_zone: str) -> Ahead | None:
    from portal.pages.overview import AHEAD

    now = timezone.now()
    last_day = timezone.localdate(now, zone_of(time_zone)[0]) + AHEAD
    asked = {"key": key, "person": person_id, "borrower": person_id, "last_day": last_day, "now": now}
    row = ask(_statement(), asked)
    if row is None:
        return None
    overview, session, *person = row
    return Ahead(key, session, person_id, tuple(person) if person[0] is not None else None, last_day, overview)


@cache
def _statement() -> str:
    from portal.authentication import FIND
    from portal.pages.overview_rows import GATHERING
    from portal.sessions import LOAD

    return (
        f"SELECT ({GATHERING.statement}), session.*, person.* FROM (SELECT) AS always"  # noqa: S608 - our own words
        f" LEFT JOIN ({LOAD}) AS session ON true LEFT JOIN ({FIND}) AS person ON true"
    )
