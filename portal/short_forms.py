"""How much anybody may send to any address of the portal."""

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from loans.api import problems
from loans.uploads import announced_bytes
from portal.api.not_read import PREFIX

MOST_BYTES: Final = 1024 * 1024
"""Many times the longest form without files."""


class ShortFormsMiddleware:
    """Refuses what is longer than a form can be, before any of it is read.

    CsrfViewMiddleware reads a form before its view runs and before anybody has asked who sent it, and what looks like a
    file in it goes to the disk, however long. So this stands before it. A view that is meant for files says so
    (`loans.uploads`); what other systems send goes the short way and is limited there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, _options: Any
    ) -> HttpResponse | None:
        """Not in `__call__`: here the view is known, and the language is its reader's."""
        sent = announced_bytes(request)
        if sent <= MOST_BYTES or getattr(view, "bounds_its_forms", False):
            return None
        if sent <= getattr(view, "most_bytes", 0) and request.user.is_authenticated:
            return None
        return _refused(request)


def _refused(request: HttpRequest) -> HttpResponse:
    if request.path_info.startswith(PREFIX):
        error = problems.ProblemError(problems.TOO_LARGE, f"At most {MOST_BYTES} bytes are taken here.")
        if answer := problems.answer_plainly(error):
            return answer
    return render(request, "413.html", status=413)
