"""A wording filled in as an email or as a message in the portal.

Words are put in order, and filled with what borrowers share, once; a message then costs one pass over its plain text
and one over its page.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from notifications.wording.facts import Facts
from notifications.wording.filling import (
    Form,
    Shared,
    choose_known,
    fill_shared,
    personal_values,
    require,
    shared_of,
    shared_values,
    unknown_values,
)
from notifications.wording.page import escape_all, set_page
from notifications.wording.source import Wording

# Divides the parts of a message while they are filled in one pass; no cleaned fact holds a control character.
_DIVIDER: Final = "\x1f"
_LINES: Final = ("subject", "preview", "heading", "button")
PREFERENCES: Final = "/preferences/"
"""Where messages are stopped, by who is signed in: the address changes nothing and names nobody."""


class Letter(NamedTuple):
    """The parts of a message in plain text, filled in; `html` is all of them as a page."""

    subject: str
    preview: str
    heading: str
    button: str
    body: tuple[str, ...]
    about: tuple[str, ...]
    html: str


@dataclass(frozen=True, slots=True)
class _Words:
    """The plain parts joined by the divider, and the page around them."""

    plain: Form
    page: Form
    body_size: int


@lru_cache(maxsize=1024)
def _words(wording: Wording, shared: Shared, unknown: frozenset[str]) -> _Words:
    values = shared_values(shared, wording.language)
    missing = unknown.union(name for name, value in values.items() if not value)
    lines = {name: getattr(wording, name) for name in _LINES}
    require(lines.values(), missing, wording)
    lines = {name: fill_shared(text, values) for name, text in lines.items()}
    body = [fill_shared(text, values) for text in choose_known(wording.body, missing)]
    about = [fill_shared(text, values) for text in choose_known(wording.about, missing)]
    firms = {"firms": fill_shared("{firms}", values)}
    choose = (wording.choose, f"{values['portal_url']}{PREFERENCES}" if wording.choose and values["portal_url"] else "")
    page = set_page({**lines, **firms}, {"body": body, "about": about}, choose, wording)
    about += ["\n".join(choose)] if choose[1] else []
    return _Words(Form.of(_DIVIDER.join([*lines.values(), *body, *about])), Form.of(page), len(body))


def write_letter(wording: Wording, facts: Facts, action_url: str = "") -> Letter:
    """Fill the wording. Without `action_url` there is no page: `html` stays empty.

    Raises FactMissingError and loans.money.MoneyError, both ValueErrors.
    """
    values = personal_values(facts, wording)
    words = _words(wording, shared_of(facts), frozenset([name for name, value in values.items() if not value]))
    subject, preview, heading, button, *paragraphs = words.plain.fill(values).split(_DIVIDER)
    html = ""
    if action_url:
        values["action_url"] = action_url
        html = words.page.fill(escape_all(values))
    body, about = tuple(paragraphs[: words.body_size]), tuple(paragraphs[words.body_size :])
    return Letter(subject, preview, heading, button, body, about, html)


def require_letter(wording: Wording, facts: Facts) -> None:
    """Raise what `write_letter` would raise, without writing it."""
    _words(wording, shared_of(facts), unknown_values(facts, wording))
