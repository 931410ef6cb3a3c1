"""Who may act at the desk, and what its lists cost."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.models import StatementLine
from notifications.models import AgentTask, NoticeEvent, Prompt
from portal.tests.desk import (
    World,
    desk_of,
    line_page,
    make_desk_agent,
    make_superuser,
    make_world,
    resend_address,
    reveal_address,
    take_address,
    task_page,
)
from portal.tests.levers import make_levers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
FOUND, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 302, 403, 404, 405


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


@pytest.mark.parametrize("who", ["borrower", "without the group", "stranger"])
def test_nobody_else_acts(world: World, who: str) -> None:
    page = {"borrower": desk_of(world.borrower), "without the group": desk_of(make_agent())}.get(who, Client())
    acts = [
        (take_address(world.task), {}),
        (reveal_address(world.task), {}),
        (task_page(world.task), {"outcome": "told", "note": "x"}),
        (line_page(world.line), {"match": str(world.installment.pk)}),
        (resend_address(world.prompt), {"channel": "email"}),
    ]
    before = NoticeEvent.objects.count()
    for address, form in acts:
        assert page.post(address, form).status_code in {FOUND, FORBIDDEN}
    assert NoticeEvent.objects.count() == before
    assert AgentTask.objects.open().get().assignee is None
    assert StatementLine.objects.waiting().get() == world.line


def test_nobody_acts_upon_themselves(world: World) -> None:
    root = make_superuser()
    Prompt.objects.update(borrower=root)
    AgentTask.objects.update(borrower=root)
    page = desk_of(root)
    assert page.post(resend_address(world.prompt), {"channel": "sms"}).status_code == FORBIDDEN
    assert page.post(take_address(world.task)).status_code == FORBIDDEN
    assert page.post(reveal_address(world.task)).status_code == FORBIDDEN
    assert page.post(task_page(world.task), {"outcome": "told", "note": "x"}).status_code == FORBIDDEN


def test_acts_are_posts_with_a_token(world: World, agent: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(agent)
    for address in (take_address(world.task), reveal_address(world.task), resend_address(world.prompt)):
        assert strict.post(address, {"channel": "sms"}).status_code == FORBIDDEN
        assert strict.get(address).status_code == NOT_ALLOWED


def test_what_is_not_there_is_not_found(desk: Client) -> None:
    for name in ("notifications_prompt_resend", "notifications_agenttask_take", "notifications_agenttask_reveal"):
        assert desk.post(reverse(f"admin:{name}", args=[999])).status_code == NOT_FOUND
    for name in ("notifications_agenttask", "notifications_receipt", "loans_statementline", "accounts_user"):
        assert desk.get(reverse(f"admin:{name}_change", args=["x"])).status_code == NOT_FOUND


# Cost

LISTS = (
    "accounts_user", "accounts_contactpoint", "loans_loan", "loans_payment", "loans_position", "loans_report",
    "loans_feed", "loans_discrepancy", "loans_outage", "loans_outagehold", "loans_statement",
    "loans_statementline", "loans_dispute", "loans_partner", "notifications_prompt", "notifications_delivery",
    "notifications_receipt", "notifications_acknowledgement", "notifications_noticeevent", "notifications_preference",
    "notifications_agenttask", "notifications_alarm", "notifications_halt", "notifications_supplier",
    "notifications_leadplan", "notifications_inboundtext", "notifications_callback", "notifications_refusedcalls",
    "notifications_sweep",
)  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_however_long_it_is(superdesk: Callable[[str], int], name: str) -> None:
    make_levers(make_world())
    few = superdesk(name)
    for _place in range(4):
        make_levers(make_world())
    assert superdesk(name) == few <= 11


@pytest.fixture
def superdesk() -> Callable[[str], int]:
    """How many statements the list of this name takes."""
    page = desk_of(make_superuser())

    def cost(name: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert page.get(reverse(f"admin:{name}_changelist")).status_code == 200
        return len(queries)

    return cost


def test_the_page_of_an_app_lists_its_records(desk: Client) -> None:
    page = desk.get(reverse("admin:app_list", args=["loans"])).content.decode()
    assert reverse("admin:loans_position_changelist") in page
    assert "desk-numbers" not in page


def test_operators_read_how_the_first_person_gets_to_the_desk_and_it_is_so(monkeypatch: pytest.MonkeyPatch) -> None:
    [options] = re.findall(r"`manage.py createsuperuser (.*?)`", (settings.BASE_DIR / "docs/operations.md").read_text())
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "walnut-harbour-9")
    call_command("createsuperuser", *options.split(), "--noinput", stdout=None)
    answer = Client().post(
        reverse("account_login_by_email"), {"login": options.split()[-1], "password": "walnut-harbour-9"}, follow=True
    )
    assert answer.redirect_chain == [(reverse("admin:index"), FOUND)]
    assert answer.status_code == 200
