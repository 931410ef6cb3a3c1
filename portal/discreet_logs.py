"""Keeps what opens a door, and whom a page is about, out of the logs: Django writes down the path of each request that
fails, the web server the line that it could not read, the database the values of the row that it refused.
"""

import logging
import re
from http import HTTPStatus

from django.http import HttpRequest

SECRET_PATHS = re.compile(r"(/(?:k|webhooks/(?:sms|aliyun|own/[^/\s?]+)|push/(?:received|acknowledge))/)[^/\s?]+")
REFUSALS = re.compile(r"django\.(?:request|security)(?:\.|$)")
"""Where Django writes what it answered with 4xx, by a line and the whole way to it."""
NAMES_NOBODY = re.compile(r"<(?:int|slug):(\w+)>")
ELSEWHERE = "(no such address)"
URL_PATHS = re.compile(r"(https?://[^/\s]+/)\S+")
UNREAD_LINE = re.compile(r"(Invalid request from ip=\S*?): .*", re.DOTALL)
DATABASE_VALUES = re.compile(r"(?:\n|\\n)(?:DETAIL|CONTEXT): .*?(?=\n|\\n|$)")


class DiscreetFilter(logging.Filter):
    """Writes the pattern of an address in the place of the address: `/api/v1/loans/<path:number>`, `/k/<str:token>/`.

    What a request without a view asked for is not written at all: people mistype addresses that name somebody. What
    was refused is one line: forty more for each would let anybody fill the disk, and say nothing of the portal.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        fault = HTTPStatus.INTERNAL_SERVER_ERROR
        if getattr(record, "status_code", fault) < fault and REFUSALS.match(record.name):
            record.exc_info = None
        if record.name == "gunicorn.error":
            record.msg, record.args = without_the_request(record), ()
        elif isinstance(request, HttpRequest):
            text = str(record.msg) % patterns_for_paths(record.args, request) if record.args else record.getMessage()
            record.msg, record.args = URL_PATHS.sub(r"\1…", text), ()
        text = record.getMessage()
        discreet = DATABASE_VALUES.sub("", SECRET_PATHS.sub(r"\1…", text))
        if discreet != text:
            record.msg, record.args = discreet, ()
        return True


class DiscreetFormatter(logging.Formatter):
    """Leaves the values out of what the database says in a traceback."""

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        return DATABASE_VALUES.sub("", super().formatException(ei))  # type: ignore[arg-type]


def patterns_for_paths(args: object, request: HttpRequest) -> object:
    """The arguments of a record, with the pattern for the path, which Django escapes for a log."""
    paths = (request.path, request.path.encode("unicode_escape").decode())
    if not isinstance(args, tuple):
        return args
    return tuple(pattern_of(request) if arg in paths else arg for arg in args)


def pattern_of(request: HttpRequest) -> str:
    """The pattern that the request's path met, with ids of rows and codes of firms filled in."""
    match = request.resolver_match
    if match is None:
        return ELSEWHERE
    return "/" + NAMES_NOBODY.sub(lambda name: str(match.kwargs[name[1]]), match.route)


def without_the_request(record: logging.LogRecord) -> str:
    """What gunicorn says of a request, without the address or the line that the client sent."""
    if str(record.msg).startswith("Error handling request %s"):
        return "Error handling a request"
    return UNREAD_LINE.sub(r"\1", record.getMessage())
