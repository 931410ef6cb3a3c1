"""Takes the pictures of the documentation from a running demonstration, so that they stay true."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import django

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURES: Final = ROOT / "docs" / "pictures"
PHONE: Final[Any] = {"width": 390, "height": 844}
DESK: Final[Any] = {"width": 1280, "height": 900}


def main() -> None:
    """Sign in as a borrower and as an agent, and photograph what each sees first."""
    from django.conf import settings
    from playwright.sync_api import Browser, Page, sync_playwright

    from portal.demo.people import NOT_TOLD, TOLD
    from portal.demo.sign_ins import AGENT_EMAIL, sign_ins

    words = {email: password for _who, email, password in sign_ins(settings.DATA_DIR)}
    if not words:
        raise SystemExit("No demonstration has been loaded here: run bin/demo first, and leave it running.")

    @contextmanager
    def signed_in(browser: Browser, email: str, size: Any, scheme: Any = "light") -> Iterator[Page]:
        context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=2)
        page = context.new_page()
        page.goto(f"{settings.PUBLIC_URL}/accounts/login/email/")
        page.fill("[name=login]", email)
        page.fill("[name=password]", words[email])
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda url: "/login/" not in url)
        yield page
        context.close()

    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as tool:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = tool.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with signed_in(browser, NOT_TOLD.email, PHONE) as page:
            page.screenshot(path=PICTURES / "home.png")
        with signed_in(browser, TOLD.email, PHONE, "dark") as page:
            page.screenshot(path=PICTURES / "home-dark-zh.png")
        with signed_in(browser, AGENT_EMAIL, DESK) as page:
            page.goto(f"{settings.PUBLIC_URL}/desk/accounts/user/?q={TOLD.phone[1:]}")
            page.click("#result_list tbody th a")
            page.screenshot(path=PICTURES / "desk.png")
        page = browser.new_page(viewport=DESK)
        page.goto(f"{settings.SANDBOX_URL}/phone/{TOLD.phone}")
        page.screenshot(path=PICTURES / "sandbox.png")
        browser.close()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    main()
