"""Pages on which nobody's words turn the line around them."""

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.direction import without_turns

# The bytes of accounts.direction's characters. Each page is searched for them: a fixed first byte makes that cheap.
_MARKED: Final = re.compile(rb"\xe2[\x80\x81][\x8e\x8f\xaa-\xae\xa6-\xa9]")
_ARABIC_MARK: Final = b"\xd8\x9c"
# What is written into a field, an attribute or a script goes back to the server or is shown in a box of its own.
_AS_IT_IS: Final = re.compile(r"(<(textarea|script)\b.*?</\2\s*>|<[^>]*>)", re.DOTALL | re.IGNORECASE)


class DirectionMiddleware:
    """Shows the characters of `accounts.direction` without effect on each page, whoever wrote them and whatever
    template shows them. None of our own templates has one: they isolate by `dir="auto"` and `<bdi>`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith("text/html"):
            content = response.content
            if _MARKED.search(content) or _ARABIC_MARK in content:
                response.content = still(content.decode(response.charset or "utf-8")).encode(response.charset)
        return response


def still(page: str) -> str:
    """The HTML with its texts shown without turns; tags, fields and scripts stay as they are."""
    pieces: list[str] = []
    end = 0
    for kept in _AS_IT_IS.finditer(page):
        pieces += [without_turns(page[end : kept.start()]), kept[0]]
        end = kept.end()
    return "".join([*pieces, without_turns(page[end:])])
