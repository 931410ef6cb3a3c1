"""What views may rely on: who asks, and that an address they were given is one of ours."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SignedInRequest(HttpRequest):
    """A request past LoginRequiredMiddleware: its user is a person, never anonymous."""

    user: User
    htmx: HtmxDetails


def own_path(request: HttpRequest, asked: str) -> str:
    """The page to go on to, as it was asked for, where that is one of ours; else empty. Only a path is: any other word
    would be taken for the name of a page, which may not be there.
    """
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if ours and asked.startswith("/") else ""
