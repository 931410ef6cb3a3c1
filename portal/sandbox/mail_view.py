"""A mail's HTML as a page of its own that can do nothing: no script, no form, no request, no access to the sandbox.

Mail is styled inside its tags, and a policy that allowed this in general would be a lax one. So styles are moved into
one element that carries a nonce; links open in a new window.
"""

import secrets
from typing import Final

import lxml.html
from lxml.etree import ParserError
from lxml.html import HtmlElement

DROPPED: Final = ("script", "base", "meta", "link", "iframe", "object", "embed", "form")


def make_harmless(html: str) -> tuple[str, dict[str, str]]:
    """The page and its headers. Empty or unreadable HTML gives an empty page."""
    nonce = secrets.token_urlsafe(16)
    try:
        page = lxml.html.document_fromstring(html)
    except (ParserError, ValueError):
        page = lxml.html.document_fromstring("<p></p>")
    for element in list(page.iter(*DROPPED)):
        if isinstance(element, HtmlElement):
            element.drop_tree()
    _move_styles(page, nonce)
    for link in page.iter("a"):
        link.set("target", "_blank")
        link.set("rel", "noopener noreferrer")
    body = lxml.html.tostring(page, encoding="unicode", doctype="<!doctype html>")
    return body, {"Content-Security-Policy": write_policy(nonce)}


def write_policy(nonce: str) -> str:
    return (
        f"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'nonce-{nonce}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def _move_styles(page: HtmlElement, nonce: str) -> None:
    """Later rules win over earlier ones of the same weight, so each style keeps its place behind the mail's own."""
    for style in page.iter("style"):
        style.set("nonce", nonce)
    rules = []
    for number, element in enumerate(page.xpath("//*[@style]")):
        element.set("data-style", str(number))
        rules.append(f'[data-style="{number}"] {{ {element.attrib.pop("style").replace("<", "")} }}')
    moved = lxml.html.fragment_fromstring("<style></style>")
    moved.set("nonce", nonce)
    moved.text = "\n".join(rules)
    (page.find("head") if page.find("head") is not None else page).append(moved)
