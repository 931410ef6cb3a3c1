"""A borrower's pages in a real Chromium: every size, light and dark, with and without JavaScript."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Response, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.models import Installment, PaymentPart
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan, make_platform
from loans.tests.positions import say
from notifications.acknowledgement import LINK_LIVES
from notifications.models import Acknowledgement, Delivery, Prompt
from notifications.signatures import link_token
from notifications.tests.pages import tell
from portal.tests.browser import SIZES, faults, overflow, visit
from portal.tests.people import make_payment, make_settled, wait_for_bank

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Agricultural machinery and greenhouse modernisation programme"
PAGE_LIMIT = 100 * 1024
STYLE_LIMIT = 30 * 1024


@dataclass
class Scene:
    """A borrower with something to see."""

    borrower: User
    installment: Installment
    prompt: Prompt

    @property
    def link(self) -> str:
        sms = self.prompt.deliveries.get(channel=Delivery.Channel.SMS)
        return reverse("acknowledge_link", args=[link_token(sms.pk, timezone.now() + LINK_LIVES)])

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "home": reverse("home"),
            "loan": reverse("loan", args=[self.installment.loan_id]),
            "messages": reverse("messages"),
            "message": reverse("message", args=[self.prompt.pk]),
            "preferences": reverse("preferences"),
            "link": self.link,
            "expired link": reverse("acknowledge_link", args=["x"]),
            "missing page": "/nothing/",
        }


def make_usual(locale: str = "en") -> Scene:
    """One loan: paid, waiting, due in three days, and told of it."""
    borrower = make_borrower(locale=locale)
    loan, today = make_loan(borrower), timezone.localdate(timezone=borrower.zone)
    make_payment(make_settled(loan, due_on=today - timedelta(days=57)), "settled", paid_on=today - timedelta(days=58))
    wait_for_bank(make_installment(loan, due_on=today - timedelta(days=27)), paid_on=today - timedelta(days=28))
    installment = make_installment(loan, due_on=today + timedelta(days=3), total=Decimal("1234.56"))
    return Scene(borrower, installment, tell(installment, "sms", "email"))


def make_much(locale: str = "en") -> Scene:
    """Forty loans with long names and large sums, some overdue, some disputed, a phone that is lost."""
    scene = make_usual(locale)
    borrower, today = scene.borrower, timezone.localdate()
    User.objects.filter(pk=borrower.pk).update(name="Maximiliana Konstantinopolskaya-Vanderbilt-Montgomery the 3rd")
    ContactPoint.objects.filter(user=borrower, kind="phone").update(unreachable_since=timezone.now())
    for number in range(39):
        loan = make_loan(borrower, product=LONG)
        total = Decimal("12345678.90")
        installment = make_installment(loan, due_on=today + timedelta(days=number - 9), total=total)
        if number < 12:
            tell(installment, "sms", kind="overdue" if number < 9 else "upcoming", stage=1)
        if number % 10 == 0:
            make_dispute(loan, installment=installment, now=timezone.now())
    return scene


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


class TestKnowing:
    """The button "I know"."""

    @pytest.mark.parametrize("place", ["home", "message"])
    def test_with_javascript_it_answers_in_place_and_says_so(
        self, live_server: LiveServer, chromium: Browser, place: str
    ) -> None:
        scene = make_usual()
        address = live_server.url + scene.addresses[place]
        with visit(chromium, address, scene.borrower) as page:
            page.evaluate("window.stayed = true")
            page.get_by_role("button", name="I know").click()
            expect(page.get_by_text("You told us on")).to_be_visible()
            expect(page.locator("#announcer")).to_have_text("Thank you. We noted that you know.")
            assert page.evaluate("window.stayed") is True
        assert Acknowledgement.objects.get().prompt == scene.prompt

    @pytest.mark.parametrize("place", ["home", "message"])
    def test_without_javascript_it_comes_back_to_the_page(
        self, live_server: LiveServer, chromium: Browser, place: str
    ) -> None:
        scene = make_usual()
        address = live_server.url + scene.addresses[place]
        with visit(chromium, address, scene.borrower, java_script_enabled=False) as page:
            page.get_by_role("button", name="I know").click()
            expect(page.get_by_text("Thank you. We noted that you know.")).to_be_visible()
            assert page.url.rstrip("/") == address.rstrip("/")
        assert Acknowledgement.objects.get().method == Acknowledgement.Method.IN_APP

    @pytest.mark.parametrize("javascript", [True, False])
    def test_the_link_in_a_message_needs_no_sign_in(
        self, live_server: LiveServer, chromium: Browser, javascript: bool
    ) -> None:
        scene = make_usual()
        with visit(chromium, live_server.url + scene.link, java_script_enabled=javascript) as page:
            page.get_by_role("button", name="I know").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, we know that you know")
            page.reload()
            expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, we know that you know")
        assert Acknowledgement.objects.get().method == Acknowledgement.Method.LINK


class TestRefreshing:
    """The first page renews itself."""

    def test_news_appear_and_are_announced(self, live_server: LiveServer, chromium: Browser) -> None:
        borrower = make_borrower()
        today = timezone.localdate(timezone=borrower.zone)
        installment = make_installment(make_loan(borrower), due_on=today + timedelta(days=3))
        with visit(chromium, live_server.url, borrower) as page:
            expect(page.get_by_text("Due in 3 days").first).to_be_visible()
            wait_for_bank(installment, paid_on=today)
            expect(page.get_by_text("Paid, waiting for the bank").first).to_be_visible(timeout=15_000)
            expect(page.locator("#announcer")).to_contain_text("Paid, waiting for the bank")

    @pytest.mark.parametrize("place", ["home", "loan"])
    def test_a_page_turns_within_five_seconds_of_the_report_that_is_applied(
        self, live_server: LiveServer, chromium: Browser, place: str
    ) -> None:
        borrower = make_borrower(time_zone="UTC")
        today = timezone.localdate(timezone=borrower.zone)
        installment = make_installment(make_loan(borrower), due_on=today + timedelta(days=3))
        addresses = {"home": reverse("home"), "loan": reverse("loan", args=[installment.loan_id])}
        with visit(chromium, live_server.url + addresses[place], borrower) as page:
            page.evaluate("window.stayed = true")
            expect(page.get_by_text("Due in 3 days").first).to_be_visible()
            say(installment, make_platform(), installment.total, now=timezone.now())
            expect(page.get_by_text("Paid, waiting for the bank").first).to_be_visible(timeout=5_000)
            expect(page.get_by_text("Harbour Bank usually shows a payment within 1 day").first).to_be_visible()
            assert page.evaluate("window.stayed") is True
            expect(page.locator("#announcer")).not_to_be_empty()

    def test_an_ended_session_leads_to_the_sign_in_as_a_whole_page(
        self, live_server: LiveServer, chromium: Browser
    ) -> None:
        scene = make_usual()
        with visit(chromium, live_server.url, scene.borrower) as page:
            page.context.clear_cookies()
            page.wait_for_url("**/accounts/login/**", timeout=15_000)
            expect(page.get_by_role("main")).to_have_count(1)

    def test_the_reader_is_told_when_the_network_is_gone(self, live_server: LiveServer, chromium: Browser) -> None:
        scene = make_usual()
        context = chromium.new_context()
        with visit(chromium, live_server.url, scene.borrower) as page:
            context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(live_server.url)
        offline = page.get_by_text("You are offline.")
        expect(offline).to_be_hidden()
        context.set_offline(True)
        expect(offline).to_be_visible()
        context.set_offline(False)
        expect(offline).to_be_hidden()
        context.close()


def test_the_language_is_switched_without_javascript(live_server: LiveServer, chromium: Browser) -> None:
    scene = make_usual()
    with visit(chromium, live_server.url, scene.borrower, java_script_enabled=False) as page:
        page.locator(".languages summary").click()
        page.get_by_role("button", name="繁體中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-hant")
    scene.borrower.refresh_from_db()
    assert scene.borrower.locale == "zh-hant"


def test_preferences_are_saved_without_javascript(live_server: LiveServer, chromium: Browser) -> None:
    scene = make_usual()
    address = live_server.url + scene.addresses["preferences"]
    with visit(chromium, address, scene.borrower, java_script_enabled=False) as page:
        page.get_by_role("checkbox", name="SMS").uncheck()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("We will tell you by email.")).to_be_visible()
