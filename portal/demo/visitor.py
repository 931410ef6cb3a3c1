"""Someone at a browser: pages are fetched, read and answered over HTTP, as a person without JavaScript would."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, Final

from lxml import html

TIMEOUT: Final = 20
UTF_8: Final = html.HTMLParser(encoding="utf-8")


class UnexpectedPageError(AssertionError):
    """A page is not what the story needs; the text says what was looked for and where."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `text` is what there is to read, with single blanks."""

    url: str
    status: int
    tree: html.HtmlElement

    @property
    def text(self) -> str:
        return " ".join(str(self.tree.text_content()).split())

    def expect(self, *pieces: str) -> "Page":
        """This page, if it says all of that. Raises UnexpectedPageError."""
        for piece in pieces:
            if piece not in self.text:
                raise UnexpectedPageError(f"{self.url} ({self.status}) does not say “{piece}”")
        return self

    def link(self, pattern: str) -> str:
        """The address of the first link whose target holds `pattern`, a regular expression."""
        for target in self.tree.xpath("//a/@href"):
            if re.search(pattern, target):
                return urllib.parse.urljoin(self.url, str(target))
        raise UnexpectedPageError(f"{self.url} ({self.status}) has no link to “{pattern}”")

    def form(self, *fields: str) -> Any:
        """The first form that has all these fields."""
        for form in self.tree.forms:
            if set(fields) <= set(form.fields.keys()) and form.method == "POST":
                return form
        raise UnexpectedPageError(f"{self.url} ({self.status}) has no form with {', '.join(fields)}")


class Visitor:
    """One browser with its own cookies."""

    def __init__(self, base: str) -> None:
        self._base = base
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)

    def get(self, address: str) -> Page:
        return self._open(urllib.parse.urljoin(self._base, address), None)

    def send(self, page: Page, *needed: str, press: str = "", **values: str) -> Page:
        """Fill the first form of `page` that has the fields `values` (and `needed`), press that button, send it."""
        form = page.form(*needed, *values)
        for name, value in values.items():
            form.fields[name] = value
        target = urllib.parse.urljoin(page.url, form.action or page.url)
        pressed = [(press, press)] if press else []
        return self._open(target, urllib.parse.urlencode([*form.form_values(), *pressed]).encode(), page.url)

    def sign_in(self, email: str, password: str, then: str = "/") -> Page:
        """Sign in by email and password and go on to `then`."""
        page = self.get("/accounts/login/email/")
        signed_in = self.send(page, login=email, password=password)
        if signed_in.url.endswith("/login/email/"):
            raise UnexpectedPageError("the sign-in was refused")
        return self.get(then)

    def _open(self, url: str, data: bytes | None, referer: str = "") -> Page:
        request = urllib.request.Request(url, data, {"Referer": referer} if referer else {})  # noqa: S310
        try:
            answer = self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            body = answer.read()
            return Page(answer.url, answer.status, html.document_fromstring(body or b"<p></p>", UTF_8))
