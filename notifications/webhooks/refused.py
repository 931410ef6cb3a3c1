"""Counts the calls that the doors of providers refuse, for operators to see. Taking one costs nothing more."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from typing import Concatenate, Final, ParamSpec, cast

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousMultipartForm,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone

from loans.tally import Tally
from loans.written_later import WrittenLater
from notifications.models import RefusedCalls

Path = ParamSpec("Path")
View = Callable[Concatenate[HttpRequest, Path], HttpResponse]
Why = RefusedCalls.Why

_WHY: Final = {
    400: Why.UNREADABLE,
    403: Why.UNPROVEN,
    404: Why.UNPROVEN,  # a wrong secret in the address
    405: Why.METHOD,
    406: Why.REPLAYED,
    413: Why.TOO_LONG,
}
"""By the answer's status. Not 401: who is asked for a password, as Amazon's servers wait to be, is not refused yet. Nor
409 and 410: a device that comes late, or twice, has shown who it is.
"""
_REFUSALS: Final = (BadRequest, Http404, MultiPartParserError, PermissionDenied, SuspiciousOperation)
"""What Django answers with 4xx. SuspiciousOperation is anymail's word for a wrong signature, too."""
CountedAs = tuple[str, str, date]
"""Provider, why, and the day in UTC."""
tally: Final = Tally()
log = logging.getLogger(__name__)


def counted(provider: str, view: View[Path]) -> View[Path]:
    """The same view, whose refusals are counted as those of `provider`, a word of Callback.provider."""

    @wraps(view)
    def counting(request: HttpRequest, /, *args: Path.args, **kwargs: Path.kwargs) -> HttpResponse:
        try:
            answer = view(request, *args, **kwargs)
        except _REFUSALS as error:
            # Answered here: Django would write a stranger's bad body down with a traceback.
            _note(provider, _why(error))
            return HttpResponse(status=_status(error))
        if why := _WHY.get(answer.status_code):
            _note(provider, why)
        return answer

    return counting


def _status(error: Exception) -> int:
    match error:
        case Http404():
            return 404
        case PermissionDenied():
            return 403
        case _:
            return 400


def _why(error: Exception) -> RefusedCalls.Why:
    match error:
        case RequestDataTooBig():
            return Why.TOO_LONG
        case (
            BadRequest() | MultiPartParserError() | SuspiciousMultipartForm() | TooManyFieldsSent() | TooManyFilesSent()
        ):
            return Why.UNREADABLE
        case _:
            return Why.UNPROVEN


def _note(provider: str, why: RefusedCalls.Why) -> None:
    """Never raises: that it cannot be counted must not change the answer."""
    now = timezone.now()
    counted_as = (provider, why.value, now.astimezone(UTC).date())
    if calls := tally.due(counted_as, now):
        _write(counted_as, calls, now)
    else:
        later.ask()


def write_left(*, everything: bool = False) -> None:
    """Write what was counted and not written: what may be by now, or all of it as the process ends. Never raises."""
    now = timezone.now()
    for counted_as, left in tally.left(now, everything=everything).items():
        _write(cast("CountedAs", counted_as), left.times, now)


def _write(counted_as: CountedAs, calls: int, now: datetime) -> None:
    provider, why, day = counted_as
    try:
        RefusedCalls.count(provider, why, calls, day=day, now=now)
    except Error as error:
        log.warning("A refused call of %s is not counted (%s)", provider, type(error).__name__)


later: Final = WrittenLater(write_left)
