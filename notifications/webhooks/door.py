"""What every webhook's door is made of."""

from collections.abc import Callable
from functools import wraps
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.webhooks.refused import Path, View, counted

PLAIN: Final = "text/plain"


def webhook(provider: str, *methods: str) -> Callable[[View[Path]], View[Path]]:
    """Opens a view to a provider, which cannot sign in and has no form of ours, by these methods only.

    What it refuses is counted as calls of `provider`, a word of Callback.provider. Such a view is reached by the short
    way (`short_way`), without what middleware adds for people.
    """

    def open_to_providers(view: View[Path]) -> View[Path]:
        counting = counted(provider, require_http_methods(list(methods))(view))
        opened = wraps(view)(login_not_required(csrf_exempt(counting)))
        vars(opened)["for_providers"] = True
        return opened

    return open_to_providers


def is_secret(given: str, expected: str) -> bool:
    """Whether a caller knows the secret; never so while none is set. Takes equally long whatever is wrong."""
    return bool(expected) and constant_time_compare(given, expected)


def is_too_long(request: HttpRequest, limit: int) -> bool:
    """Whether the body is longer than `limit` octets, found before any of it is read."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    return not length.isdecimal() or len(length) > len(str(limit)) or int(length) > limit


def nothing_here() -> HttpResponse:
    """For a wrong secret in the address: like a page that is not there."""
    return HttpResponseNotFound()


def refuse(status: int, words: str) -> HttpResponse:
    """A refusal that tells the provider's people, who can see it, what is wrong."""
    return HttpResponse(words, status=status, content_type=PLAIN)
