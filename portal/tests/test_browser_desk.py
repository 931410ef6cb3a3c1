"""The desk as agents meet it: in a real Chromium, wide and on a phone, light and dark, by keyboard, without scripts."""

from typing import Any, Final

import pytest
from django.contrib import admin
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from loans.models import (
    Discrepancy,
    Endpoint,
    Event,
    Feed,
    Outage,
    OutageHold,
    OutwardDelivery,
    PartnerClient,
    Report,
    Statement,
)
from notifications.models import AgentTask, Delivery, Duty, Halt, LeadPlan, NoticeEvent, Responsibility
from notifications.tests.factories import make_prompt
from portal.tests.browser import SIZES, faults, overflow, visit
from portal.tests.desk import (
    World,
    make_agent_and_operator,
    make_desk_agent,
    make_operator,
    make_superuser,
    make_world,
    take_address,
    task_page,
)
from portal.tests.levers import Levers, make_levers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]
LOOKS = [("desk", "dark"), ("phone", "light"), ("phone", "dark")]


@pytest.fixture
def world() -> World:
    """One of everything, of somebody with a long name."""
    world = make_world()
    User.objects.filter(pk=world.borrower.pk).update(
        name="Maximiliane-Alexandra von Hohenstein-Winterfeld of Long Name"
    )
    return world


@pytest.fixture
def levers(world: World) -> Levers:
    return make_levers(world, by=make_operator())


def look(size: str, scheme: str = "light", **options: Any) -> dict[str, Any]:
    width, height = SIZES[size]
    return {"viewport": {"width": width, "height": height}, "color_scheme": scheme, **options}


def main_pages(world: World) -> list[str]:
    borrower = reverse("admin:accounts_user_change", args=[world.borrower.pk])
    line = reverse("admin:loans_statementline_change", args=[world.line.pk])
    loan = reverse("admin:loans_loan_change", args=[world.loan.pk])
    lists = [reverse("admin:accounts_user_changelist"), reverse("admin:notifications_halt_changelist")]
    lists += [reverse("admin:loans_report_upload"), reverse("admin:loans_statement_changelist")]
    wordings = [reverse("admin:wordings"), f"{reverse('admin:wordings')}?kind=dispute_decided&language=zh-hant"]
    return [reverse("admin:index"), borrower, task_page(world.task), line, loan, *lists, *wordings]


ROWLESS: Final = {
    *(Discrepancy, Endpoint, Event, Feed, Outage, OutageHold, OutwardDelivery, PartnerClient, Statement),
    *(Responsibility, Duty),
}
"""Of which a world without trouble between firms has none; who sends has pages of its own in another file."""


def every_page() -> list[str]:
    """The list of each model that borrowers' data lies in, and the page of its first row."""
    pages = [reverse("admin:index"), reverse("admin:app_list", args=["loans"]), reverse("admin:wordings")]
    pages += [reverse("admin:notifications_halt_add"), reverse("admin:notifications_leadplan_add")]
    pages += [reverse("admin:notifications_leadplan_delete", args=[first_of(LeadPlan).pk])]
    for model in admin.site._registry:
        if model._meta.app_label != "auth":
            pages.append(address_of(model, "changelist"))
            if model not in ROWLESS:
                pages.append(address_of(model, "change", first_of(model).pk))
    return pages


def address_of(model: type[Model], view: str, *args: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}", args=args)


def first_of(model: type[Model]) -> Model:
    rows = model._default_manager.order_by("pk")
    found = (rows.filter(is_staff=False) if model is User else rows).first()
    assert found is not None, model
    return found


def inspect(page: Page, address: str) -> None:
    """Fails where the page is missing, wider than its window or, by axe, hard to use; `visit` hears the console."""
    response = page.goto(address)
    assert response is not None
    assert response.status == 200, address
    assert "unsafe" not in response.headers["content-security-policy"]
    assert overflow(page) == 0, address
    assert faults(page) == [], address


def test_every_page_is_sound(chromium: Browser, live_server: LiveServer, levers: Levers) -> None:
    with visit(chromium, live_server.url + reverse("admin:index"), make_agent_and_operator(), **look("desk")) as page:
        for address in every_page():
            inspect(page, live_server.url + address)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_the_main_pages_are_sound_in_every_look(
    chromium: Browser, live_server: LiveServer, world: World, levers: Levers, size: str, scheme: str
) -> None:
    start = live_server.url + reverse("admin:index")
    with visit(chromium, start, make_agent_and_operator(), **look(size, scheme)) as page:
        for address in main_pages(world):
            inspect(page, live_server.url + address)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_on_the_first_page_no_table_is_cut_off_by_a_long_name(
    chromium: Browser, live_server: LiveServer, world: World, language: str, scheme: str
) -> None:
    Report.objects.create(
        partner=world.loan.bank, kind=Report.Kind.EVENTS, name=f"msg_{'0123456789abcdef' * 7}", message_id="m-1",
        content=b"{", digest="0" * 64, received_at=timezone.now(), status=Report.Status.REFUSED,
        refusals=[{"file": "m", "place": "", "reason": "The body is not JSON", "code": "not_json"}],
    )  # fmt: skip
    agent = make_desk_agent()
    User.objects.filter(pk=agent.pk).update(locale=language)
    with visit(chromium, live_server.url + reverse("admin:index"), agent, **look("desk", scheme)) as page:
        assert page.get_by_role("link", name="msg_").count() == 1
        cut = "tables => tables.map(one => one.scrollWidth - one.clientWidth)"
        assert set(page.locator(".results").evaluate_all(cut)) == {0}


def test_no_page_is_wider_than_a_phone(chromium: Browser, live_server: LiveServer, levers: Levers) -> None:
    with visit(chromium, live_server.url + reverse("admin:index"), make_agent_and_operator(), **look("phone")) as page:
        for address in every_page():
            page.goto(live_server.url + address)
            assert overflow(page) == 0, address


def test_the_forms_of_superusers_are_sound(chromium: Browser, live_server: LiveServer, world: World) -> None:
    forms = [
        reverse("admin:accounts_user_add"),
        reverse("admin:accounts_user_change", args=[make_desk_agent().pk]),
        reverse("admin:loans_partner_change", args=[world.loan.bank_id]),
        reverse("admin:auth_group_changelist"),
    ]
    with visit(chromium, live_server.url + reverse("admin:index"), make_superuser(), **look("desk")) as page:
        for address in forms:
            inspect(page, live_server.url + address)


def test_a_borrower_is_found_and_sent_to_by_keyboard_alone(chromium: Browser, live_server: LiveServer) -> None:
    prompt = make_prompt()
    borrower = prompt.borrower
    with visit(chromium, live_server.url + reverse("admin:index"), make_desk_agent(), **look("desk")) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
        page.get_by_role("searchbox", name="Find a borrower").focus()
        page.keyboard.type(str(borrower.phone).removeprefix("+86"))
        page.keyboard.press("Enter")
        page.get_by_role("link", name=borrower.name).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(borrower.name)
        page.get_by_text("Send again").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_text("On its way: SMS")).to_be_visible()
        expect(page.locator("#timeline")).to_contain_text("sent again by an agent")
    assert Delivery.objects.get().prompt == prompt


def test_without_scripts_a_task_is_taken_from_the_list_and_finished(
    chromium: Browser, live_server: LiveServer, world: World
) -> None:
    agent = make_desk_agent()
    start = live_server.url + reverse("admin:notifications_agenttask_changelist")
    with visit(chromium, start, agent, **look("phone", java_script_enabled=False)) as page:
        assert page.get_attribute("button[formaction]", "formaction") == take_address(world.task)
        page.get_by_role("button", name="Take").click()
        page.get_by_label("told in person").check()
        page.get_by_label("Note").fill("Called at noon.")
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_text("Done and on record.")).to_be_visible()
    task = AgentTask.objects.get()
    assert (task.outcome, task.assignee) == ("told", agent)


def test_without_scripts_a_halt_is_thrown_and_lifted(chromium: Browser, live_server: LiveServer) -> None:
    start = live_server.url + reverse("admin:index")
    with visit(chromium, start, make_operator(), **look("phone", java_script_enabled=False)) as page:
        page.goto(live_server.url + reverse("admin:notifications_halt_add"))
        page.get_by_label("Channel").select_option(label="SMS")
        page.get_by_label("Reason").fill("Everything goes out twice.")
        page.get_by_role("button", name="Halt").click()
        expect(page.get_by_role("heading", name="Halted")).to_be_visible()
        expect(page.get_by_text("Everything goes out twice.")).to_be_visible()
        page.get_by_role("button", name="Lift the halt of SMS").click()
        expect(page.get_by_text("Lifted: what waited goes out now")).to_be_visible()
        expect(page.get_by_role("heading", name="Halted")).to_have_count(0)
    assert not Halt.objects.in_force().exists()


def test_the_number_is_shown_on_request_and_gone_with_the_next_page(
    chromium: Browser, live_server: LiveServer, world: World
) -> None:
    agent = make_desk_agent()
    AgentTask.objects.update(assignee=agent)
    with visit(chromium, live_server.url + reverse("admin:index"), agent, **look("phone")) as page:
        page.goto(live_server.url + task_page(world.task))
        page.get_by_role("button", name="Show the number").click()
        expect(page.get_by_text(str(world.borrower.phone))).to_be_visible()
        assert overflow(page) == 0
        assert faults(page) == []
        page.goto(live_server.url + task_page(world.task))
        expect(page.get_by_text(str(world.borrower.phone))).to_have_count(0)
    assert NoticeEvent.objects.get(kind="revealed").actor_id == agent.pk


def test_an_email_is_shown_in_its_own_style_and_can_do_nothing(chromium: Browser, live_server: LiveServer) -> None:
    with visit(chromium, live_server.url + reverse("admin:wordings"), make_operator(), **look("desk")) as page:
        frame = page.frame_locator("iframe").first
        expect(frame.get_by_role("heading")).to_contain_text("is due")
        button = frame.get_by_role("link", name="Tell us that you know")
        assert button.evaluate("link => getComputedStyle(link).display") == "inline-block"


def test_on_a_phone_the_menu_says_on_which_side_there_is_more(live_server: LiveServer, chromium: Browser) -> None:
    signs = """() => ["::before", "::after"].map(
        side => Number(getComputedStyle(document.querySelector(".desk-nav ul"), side).opacity))"""
    address = f"{live_server.url}{reverse('admin:index')}"
    with visit(chromium, address, make_agent_and_operator(), **look("phone")) as page:
        for moved, shown in ((0, [0, 1]), (150, [1, 1]), (5000, [1, 0])):
            page.evaluate("by => { document.querySelector('.desk-nav').scrollLeft = by }", moved)
            page.wait_for_function(f"() => JSON.stringify(({signs})()) === {str(shown).replace(' ', '')!r}")
        assert overflow(page) == 0
    with visit(chromium, address, make_agent_and_operator(), **look("desk")) as page:
        assert (
            page.evaluate("() => getComputedStyle(document.querySelector('.desk-nav ul'), '::after').content") == "none"
        )


def test_on_a_phone_the_first_column_of_a_list_leaves_room_and_no_word_stands_on_end(
    live_server: LiveServer, chromium: Browser, levers: Levers
) -> None:
    start = live_server.url + reverse("admin:notifications_alarm_changelist")
    with visit(chromium, start, make_agent_and_operator(locale="zh-hans"), **look("phone")) as page:
        first, kind, wrong = (
            page.locator(f"#result_list tbody .{name}").first.evaluate("cell => cell.getBoundingClientRect().width")
            for name in ("field-opened_at", "field-kind_chip", "field-wrong")
        )
        assert first < SIZES["phone"][0] / 2
        assert kind >= 80
        assert wrong >= 240
