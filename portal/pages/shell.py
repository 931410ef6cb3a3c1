"""What stands around a page's own part: the same for every signed-in reader of a language, and made once a process.

It is made for a request and a person of its own, who are nobody. So nothing of one reader can be kept for the next,
whatever a template may show one day; what is a reader's own comes in at the marks.
"""

import re
import secrets
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import resolve
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from accounts.models import User

_MARK: Final = re.compile(rf"{secrets.token_hex(16)}-([a-z_]+)-")


def fill(template: str, address: str, parts: dict[str, str]) -> str:
    """`template` as a signed-in reader sees it at `address`, a path without a query, in the active language.

    `parts` are its variables that differ from one reader to the next, the form token by its name `csrf_token` among
    them: texts that need no escaping.
    """
    make = _pieces.__wrapped__ if settings.DEBUG else _pieces
    pieces = make(template, address, get_language() or "", tuple(parts))
    filled = list(pieces)
    filled[1::2] = [parts[name] for name in pieces[1::2]]
    return "".join(filled)


@cache
def _pieces(template: str, address: str, _language: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The text before the first part, the name of that part, the text behind it, and so on."""
    nobody = HttpRequest()
    nobody.method, nobody.path, nobody.path_info = "GET", address, address
    nobody.resolver_match = resolve(address)
    nobody.user = User()
    # Safe: nothing but digits, letters, _ and -.
    marks = {name: mark_safe(_MARK.pattern.replace("([a-z_]+)", name)) for name in names}  # noqa: S308
    return tuple(_MARK.split(render_to_string(template, marks, nobody)))
