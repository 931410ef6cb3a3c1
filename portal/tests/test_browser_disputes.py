"""Disputes as people meet them: in a real Chromium, on a phone and on a desk, in light and in dark."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.disputes import answer, decide
from loans.models import Dispute, DisputeFile, Installment, Loan
from loans.tests.disputes import FILE, make_dispute
from loans.tests.factories import make_installment, make_loan, make_schedule
from loans.tests.pictures import PDF, picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR_AXE: dict[str, Any] = {"bypass_csp": True}  # the checker brings its own styles
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@contextmanager
def browsing(
    chromium: Browser, server: LiveServer, person: User, *, expected: str = "", **options: Any
) -> Iterator[Page]:
    """A page of someone who is signed in; fails when it complains to its console of anything but what is `expected`."""
    client = Client()
    client.force_login(person)
    context = chromium.new_context(base_url=server.url, **{"viewport": PHONE, **options})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": server.url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{message.text} {message.location}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [words for words in complaints if not expected or expected not in words] == []


@pytest.fixture
def installment() -> Installment:
    return make_installment(make_loan(make_borrower()), due_on=timezone.localdate() + timedelta(days=3))


def form_of(installment: Installment) -> str:
    return reverse("dispute_open", query={"installment": installment.pk, "about": "prompt:1"})


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_a_dispute_is_opened_added_to_and_followed(
    script: bool, chromium: Browser, live_server: LiveServer, installment: Installment, tmp_path: Path
) -> None:
    slip, bill = tmp_path / "slip.png", tmp_path / "bill.pdf"
    slip.write_bytes(picture("PNG"))
    bill.write_bytes(PDF)
    with browsing(chromium, live_server, installment.loan.borrower, java_script_enabled=script) as page:
        page.goto(form_of(installment))
        page.get_by_label("I was not told").check()
        page.get_by_label("What happened?").fill("Nobody told me.\nNot once.")
        page.get_by_label("Files, if they help").set_input_files([slip, bill])
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("I was not told")
        expect(page.locator("main")).to_contain_text("It is our turn: we decide by")
        page.get_by_label("What else should we know?").fill("One more thing.")
        page.get_by_role("button", name="Add").click()
        expect(page.locator(".thread > li")).to_have_count(2)
        with page.expect_download() as download:
            page.get_by_role("link", name="bill.pdf").click()
        assert download.value.path().read_bytes() == PDF
    dispute = Dispute.objects.get()
    assert dispute.installment == installment
    assert sorted(dispute.files.values_list("name", flat=True)) == ["bill.pdf", "slip.png"]


def test_after_an_error_the_words_are_there_and_the_files_are_named(
    chromium: Browser, live_server: LiveServer, installment: Installment, tmp_path: Path
) -> None:
    bill, fake = tmp_path / "bill.pdf", tmp_path / "photo.jpg"
    bill.write_bytes(PDF)
    fake.write_bytes(PDF)
    with browsing(chromium, live_server, installment.loan.borrower, **FOR_AXE) as page:
        page.goto(form_of(installment))
        page.get_by_label("What happened?").fill("Long and careful words.")
        page.get_by_label("Files, if they help").set_input_files([bill, fake])
        page.get_by_role("button", name="Send").click()
        summary = page.locator(".error-summary")
        expect(summary).to_contain_text("Choose what is wrong.")
        expect(summary).to_contain_text("“photo.jpg” ends in .jpg but holds a PDF file")
        expect(summary).to_contain_text("Choose these files again, your browser did not keep them: bill.pdf, photo.jpg")
        expect(page.get_by_label("What happened?")).to_have_value("Long and careful words.")
        assert Axe().run(page).violations_count == 0
        page.get_by_label("I was not told").check()
        page.get_by_label("Files, if they help").set_input_files([bill])
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".thread")).to_contain_text("Long and careful words.")
    assert DisputeFile.objects.get().name == "bill.pdf"


def test_the_keyboard_alone_opens_a_dispute(
    chromium: Browser, live_server: LiveServer, installment: Installment
) -> None:
    with browsing(chromium, live_server, installment.loan.borrower) as page:
        page.goto(form_of(installment))
        page.get_by_role("link", name="It is about another payment").focus()
        for key in ("Tab", "Space", "ArrowDown", "ArrowDown", "Tab"):
            page.keyboard.press(key)
        page.keyboard.type("The amount is wrong.")
        for key in ("Tab", "Tab", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_have_text("The amount or date is wrong")


@pytest.fixture
def crowded() -> Loan:
    """The borrower of this loan has disputes in every state, a loan with very long names, and a long schedule."""
    now = timezone.now()
    loan = make_loan(make_borrower())
    make_schedule(loan, first_due_on=timezone.localdate(), periods=36)
    long = make_loan(loan.borrower, product="一款名字很长很长的分期产品" * 5, external_id="9" * 60)
    make_dispute(loan, now=now, files=[FILE] * 3, words="word " * 200)
    make_dispute(long, now=now - timedelta(days=20), words="9" * 300)
    asked = make_dispute(loan, now=now)
    answer(dispute=asked, agent=make_agent(), words="When?", now=now)
    done = make_dispute(long, now=now)
    decide(dispute=done, agent=make_agent(), decision="partly", words="Half of it.\n\nNot more.", now=now)
    return loan


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_an_accessibility_fault_or_runs_off_its_side(
    viewport: dict[str, int], scheme: str, chromium: Browser, live_server: LiveServer, crowded: Loan
) -> None:
    disputes = Dispute.objects.of(crowded.borrower_id)
    addresses = [
        reverse("disputes"),
        reverse("dispute_open"),
        *(reverse("dispute_open", query={"loan": loan.pk}) for loan in Loan.objects.of(crowded.borrower_id)),
        *(reverse("dispute", args=[dispute.pk]) for dispute in disputes),
    ]
    options: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme}
    with browsing(chromium, live_server, crowded.borrower, **options, **FOR_AXE) as page:
        for address in addresses:
            page.goto(address)
            found = Axe().run(page).response["violations"]
            assert found == [], (address, [fault["id"] for fault in found])
            assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"], address


def test_two_agents_decide_and_the_second_keeps_their_words(
    chromium: Browser, live_server: LiveServer, installment: Installment
) -> None:
    dispute = make_dispute(installment.loan, installment=installment, files=[FILE])
    agents = [make_agent(is_superuser=True, locale="en") for _ in range(2)]
    with (
        browsing(chromium, live_server, agents[0], viewport=DESK) as first,
        browsing(chromium, live_server, agents[1], expected="409", viewport=DESK, **FOR_AXE) as second,
    ):
        for page in (first, second):
            page.goto(reverse("admin:loans_dispute_change", args=[dispute.pk]))
        for page, decision, words in ((first, "You are right", "Sorry."), (second, "We see it differently", "Twice.")):
            page.get_by_label(decision, exact=True).check()
            page.get_by_label("Reasons").fill(words)
            page.get_by_role("button", name="Decide").click()
        expect(first.locator("#content-main")).to_contain_text("You are right")
        expect(second.get_by_role("alert")).to_contain_text("This dispute is decided already.")
        expect(second.get_by_role("alert")).to_contain_text("Twice.")
        assert Axe().run(second, context="#content-main").response["violations"] == []
    dispute.refresh_from_db()
    assert (dispute.decision, dispute.decided_by) == ("upheld", agents[0])
