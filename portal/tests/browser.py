"""A real Chromium for tests: signed in by cookie, watched for errors, judged by axe."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from accounts.models import User
from portal.tests.people import sign_in

SIZES = {"small phone": (320, 640), "phone": (390, 844), "desk": (1280, 900)}
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def run_browser() -> Iterator[Browser]:
    """The Chromium of $CHROMIUM or of the machine, else the one that Playwright has fetched. One a session: its loop
    does not share a thread with another's."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox itself for root
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=found, args=root) as browser:
        yield browser


@contextmanager
def visit(
    browser: Browser, address: str, user: User | None = None, *, script: str = "", **options: Any
) -> Iterator[Page]:
    """A new page at `address`. Fails if the console says an error meanwhile. `options` are those of a context; `script`
    runs before those of each page. Whoever is signed in is so on every page, wherever the visit begins."""
    options.setdefault("viewport", dict(zip(("width", "height"), SIZES["phone"], strict=True)))
    context = browser.new_context(**options)
    context.add_init_script(script)
    if user is not None:
        cookie = sign_in(user).cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": urljoin(address, "/")}])
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page = context.new_page()
    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert errors == [], errors


def faults(page: Page) -> list[str]:
    """What axe finds wrong, a line each. Without its preloading, which fetches style sheets anew and from wrong places,
    and trips over our policy."""
    page.wait_for_load_state()
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [f"{fault['id']}: {node['html'][:160]}" for fault in found for node in fault["nodes"]]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window: whole, since half of it may be wider for a moment."""
    page.wait_for_load_state()
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width
