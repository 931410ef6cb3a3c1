"""What answers where a request is refused before an address is looked up."""

from typing import Final

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.views.defaults import bad_request

from loans.api import problems

PREFIX: Final = "/api/"


def not_read(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: a problem in the interface's own form below its addresses, the portal's page elsewhere."""
    if not request.path_info.startswith(PREFIX):
        return bad_request(request, exception)
    what = problems.UNKNOWN_HOST if isinstance(exception, DisallowedHost) else problems.INVALID
    return problems.answer_plainly(problems.ProblemError(what)) or bad_request(request, exception)
