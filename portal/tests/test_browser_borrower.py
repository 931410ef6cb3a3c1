"""A borrower's pages in a real Chromium: every size, light and dark, with and without JavaScript."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Response, expect
from pytest_django.live_server_helper import LiveServer

from accounts.tests.factories import make_borrower
from loans.models import PaymentPart
from loans.tests.factories import make_installment, make_loan
from portal.tests.browser import SIZES, faults, overflow, visit
from portal.tests.people import make_payment, make_settled
from portal.tests.scenes import Scene, make_much, make_usual

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE_LIMIT = 100 * 1024
STYLE_LIMIT = 30 * 1024

SCENES: dict[str, Callable[[str], Scene]] = {"usual": make_usual, "much": make_much}
PAGES = ("home", "loan", "messages", "message", "preferences", "link")


@pytest.mark.parametrize(("amount", "scheme"), [("usual", "light"), ("usual", "dark"), ("much", "light")])
def test_axe_finds_nothing_and_nothing_overflows(
    live_server: LiveServer, chromium: Browser, amount: str, scheme: str
) -> None:
    scene = SCENES[amount]("en")
    for name in PAGES:
        with visit(chromium, live_server.url + scene.addresses[name], scene.borrower, color_scheme=scheme) as page:
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                assert overflow(page) <= 0, f"{name} at {size}"
            for fold in page.locator("details.fold > summary").all():
                fold.click()
            assert faults(page) == [], name


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("zh-hans", "dark")])
def test_a_payment_over_several_periods_and_more_than_was_owed_fit(
    live_server: LiveServer, chromium: Browser, language: str, scheme: str
) -> None:
    borrower = make_borrower(locale=language)
    loan, today = make_loan(borrower), timezone.localdate(timezone=borrower.zone)
    first, second = (make_settled(loan, due_on=today + timedelta(days=days)) for days in (-2, 28))
    make_installment(loan, due_on=today + timedelta(days=1), total=Decimal(500), paid=Decimal(200))
    payment = make_payment(first, "settled", paid_on=today, amount=Decimal(350), credit=Decimal(150))
    for installment in (first, second):
        PaymentPart.objects.create(payment=payment, installment=installment, amount=Decimal(100))
    for address in (reverse("home"), reverse("loan", args=[loan.pk])):
        with visit(chromium, live_server.url + address, borrower, color_scheme=scheme) as page:
            for size, (width, height) in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                assert overflow(page) <= 0, f"{address} at {size}"
            assert faults(page) == [], address


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_chinese_pages_fit_and_name_their_language(live_server: LiveServer, chromium: Browser, language: str) -> None:
    scene = make_usual(language)
    for name in PAGES:
        with visit(chromium, live_server.url + scene.addresses[name], scene.borrower) as page:
            page.set_viewport_size({"width": 320, "height": 640})
            assert overflow(page) <= 0, name
            assert page.locator("html").get_attribute("lang") == language
            assert faults(page) == [], name


def test_who_has_no_loan_and_who_is_lost_find_a_clean_page(live_server: LiveServer, chromium: Browser) -> None:
    nobody = make_borrower()
    for path, title in (("/", "No loan here yet"), ("/loans/1/", "This page is not here"), ("/k/x/", "not complete")):
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        with visit(chromium, live_server.url + "/", nobody) as home:
            context.add_cookies(home.context.cookies())  # type: ignore[arg-type]
        page.goto(live_server.url + path)
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        assert faults(page) == []
        context.close()


def test_on_a_phone_the_bar_is_under_the_thumb(live_server: LiveServer, chromium: Browser) -> None:
    scene = make_usual()
    with visit(chromium, live_server.url, scene.borrower, viewport={"width": 320, "height": 640}) as page:
        links = page.get_by_role("navigation").get_by_role("link")
        expect(links).to_have_count(4)
        for link in links.all():
            box = link.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 44
            assert box["y"] + box["height"] <= 640


def test_the_first_screen_of_a_phone_says_what_when_and_whether_the_last_payment_arrived(
    live_server: LiveServer, chromium: Browser
) -> None:
    borrower = make_borrower()
    loan, today = make_loan(borrower), timezone.localdate(timezone=borrower.zone)
    make_payment(make_settled(loan, due_on=today), "settled", paid_on=today)
    make_installment(loan, due_on=today + timedelta(days=3), total=Decimal("12345678.90"))
    with visit(chromium, live_server.url, borrower) as page:
        bar = page.get_by_role("navigation").bounding_box()
        assert bar
        for words in ("Due in 3 days", "¥12,345,678.90", "How to pay", "has arrived"):
            box = page.get_by_text(words).first.bounding_box()
            assert box
            assert box["y"] + box["height"] <= bar["y"], words


def test_the_first_tab_leads_past_the_navigation(live_server: LiveServer, chromium: Browser) -> None:
    scene = make_usual()
    with visit(chromium, live_server.url, scene.borrower) as page:
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()


def test_the_first_visit_weighs_less_than_a_hundred_kilobytes(live_server: LiveServer, chromium: Browser) -> None:
    scene = make_usual()
    context = chromium.new_context()
    with visit(chromium, live_server.url, scene.borrower) as page:
        context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    responses: list[Response] = []

    def note(response: Response) -> None:
        responses.append(response)

    page.on("response", note)
    page.goto(live_server.url, wait_until="networkidle")
    bodies = {response.url: response.body() for response in responses}
    context.close()
    assert len(bodies) > 4
    assert all(url.startswith(live_server.url) for url in bodies)
    assert sum(len(gzip.compress(body)) for body in bodies.values()) < PAGE_LIMIT


def test_all_styles_together_stay_small() -> None:
    folder = settings.BASE_DIR / "static" / "css"
    borrowers = [folder / name for name in ("tokens.css", "components.css", "pages.css")]
    assert sum(path.stat().st_size for path in borrowers) < STYLE_LIMIT
