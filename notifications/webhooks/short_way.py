"""The way of other systems' calls through the server, providers', partners' and devices': straight to their door."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.urls import Resolver404, resolve

PREFIXES: Final = ("/webhooks/", "/api/", "/push/")


class ShortWayMiddleware:
    """Takes calls to views that are marked `for_providers`, as `door.webhook` does, past the middleware for people.

    A provider, a partner's system or a device's script has no session, language or form; what those cost is more than
    what keeping a receipt costs. Stands behind SecurityMiddleware. Whatever is not such a view goes the long way, and
    is refused there as ever.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIXES):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        if not getattr(match.func, "for_providers", False):
            return self.get_response(request)
        request.get_host()  # raises DisallowedHost, as CommonMiddleware would
        request.resolver_match = match
        answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        if isinstance(answer, SimpleTemplateResponse):
            answer.render()
        answer.headers.setdefault("Content-Length", str(len(answer.content)))  # else it would go out in chunks
        return answer
