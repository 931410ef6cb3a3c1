"""What a borrower does on the pages in a real Chromium, and what the pages do by themselves."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan, make_platform
from loans.tests.positions import say
from notifications.models import Acknowledgement
from portal.tests.browser import visit
from portal.tests.people import wait_for_bank
from portal.tests.scenes import make_usual

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
