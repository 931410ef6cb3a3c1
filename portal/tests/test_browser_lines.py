"""A bank line at the desk in a real Chromium: what is to be booked is shown first, and a decision is taken back."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from loans.models import StatementLine
from portal.tests.browser import SIZES, faults, overflow, visit
from portal.tests.desk import line_page, make_desk_agent, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


@pytest.mark.parametrize("size", ["small phone", "desk"])
def test_a_line_is_matched_in_two_steps_and_taken_back(chromium: Browser, live_server: LiveServer, size: str) -> None:
    world = make_world()
    width, height = SIZES[size]
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}}
    with visit(chromium, live_server.url + line_page(world.line), make_desk_agent(), **options) as page:
        page.get_by_role("button", name="Match to").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Book this money?")
        assert (overflow(page), faults(page)) == (0, [])
        page.get_by_role("link", name="Back to the line").click()
        page.get_by_role("button", name="Match to").first.click()
        page.get_by_role("button", name="Book it").click()
        expect(page.get_by_text("Booked. The borrower is being told.")).to_be_visible()
        page.goto(live_server.url + line_page(world.line))
        page.get_by_label("What was wrong with it").fill("It was the row above.")
        assert (overflow(page), faults(page)) == (0, [])
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_text("waits to be decided again")).to_be_visible()
        assert page.url.endswith(line_page(world.line))
    assert StatementLine.objects.waiting().get() == world.line
