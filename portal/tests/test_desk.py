"""The desk's door and first page: who gets in, and what needs them now."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.disputes import decide
from loans.models import Report, StatementLine
from notifications.models import AgentTask, Sweep
from notifications.tests.factories import NOON
from notifications.tests.sweeps import all_ended
from portal.agents import AGENTS, GROUPS, MAY, OPERATORS, make_groups
from portal.tests.desk import desk_of, make_desk_agent, make_operator, make_superuser, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
NOW = "admin:index"
QUIET = "Nothing waits for a person just now."
HTTP_OK, FOUND, FORBIDDEN = 200, 302, 403


@pytest.fixture
def desk() -> Client:
    return desk_of(make_desk_agent())


def test_a_stranger_is_sent_to_the_portals_own_sign_in_and_back() -> None:
    for name in ("admin:index", "admin:login", "admin:accounts_user_changelist"):
        response = Client().get(reverse(name), follow=True)
        asked, _status = response.redirect_chain[-1]
        assert unquote(asked).startswith(f"{reverse('account_login')}?next=/desk/")


def test_a_borrower_is_refused_and_never_asked_to_sign_in_as_somebody_else() -> None:
    page = desk_of(make_borrower())
    response = page.get(reverse(NOW))
    assert response["Location"] == f"{reverse('admin:login')}?next=/desk/"
    assert page.get(response["Location"]).status_code == FORBIDDEN


def test_somebody_at_the_desk_without_the_group_sees_no_borrower() -> None:
    world, page = make_world(), desk_of(make_agent(locale="en"))
    assert page.get(reverse(NOW)).status_code == HTTP_OK
    assert page.get(reverse("admin:accounts_user_changelist")).status_code == FORBIDDEN
    assert page.get(reverse("admin:accounts_user_change", args=[world.borrower.pk])).status_code == FORBIDDEN
    assert world.borrower.name not in page.get(reverse(NOW)).content.decode()


def test_somebody_who_left_is_refused() -> None:
    agent = make_desk_agent()
    page = desk_of(agent)
    agent.is_active = False
    agent.save()
    assert page.get(reverse(NOW)).status_code == FOUND


@pytest.mark.parametrize("name", GROUPS)
def test_each_group_has_exactly_the_permissions_that_its_work_needs(name: str) -> None:
    group = Group.objects.get(name=name)
    held = {f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.select_related("content_type")}
    assert held == {f"{app}.{codename}" for app, codenames in GROUPS[name].items() for codename in codenames}
    deletes = {one for one in held if "delete" in one}
    assert deletes <= {"notifications.delete_leadplan", "loans.delete_feed"}
    assert not any(one.startswith("auth.") for one in held)


def test_a_migration_brings_the_group_back_to_what_this_version_needs() -> None:
    group = Group.objects.get(name=AGENTS)
    group.permissions.set(Permission.objects.filter(codename="delete_loan"))
    make_groups()
    assert not group.permissions.filter(codename="delete_loan").exists()
    assert group.permissions.count() == sum(map(len, MAY.values()))


def test_the_first_page_counts_what_waits_and_leads_to_it(desk: Client) -> None:
    all_ended(now())
    late, soon, _later = (make_world() for _place in range(3))
    AgentTask.objects.filter(pk=late.task.pk).update(act_by=now() - timedelta(hours=3))
    decide(dispute=soon.dispute, agent=make_agent(), decision="upheld", words="Yes.", now=now())
    StatementLine.objects.filter(pk=soon.line.pk).update(match="set_aside")
    Report.objects.filter(pk=soon.report.pk).update(
        status="applied", remarks=["borrower B-1: is known by another name"]
    )
    shown = desk.get(reverse(NOW)).context["now"]
    numbers = [[number.count for number in queue.numbers] for queue in shown.queues]
    assert numbers == [[0], [0, 0], [3, 1, 0], [2, 0, 2], [0, 0, 0], [2], [2, 1]]
    assert shown.queues[2].rows[0] == late.task
    for queue in shown.queues:
        for number in queue.numbers:
            assert desk.get(number.href).context["cl"].result_count == number.count, number


def test_old_refusals_are_history(desk: Client) -> None:
    world = make_world()
    fresh = Report.objects.create(
        partner=world.report.partner, kind="loans", name="new.csv", content=b"", digest="new", status="refused",
        received_at=now() - timedelta(days=8),
    )  # fmt: skip
    listed = desk.get(reverse("admin:loans_report_changelist"), {"standing": "refused"}).context["cl"].result_list
    assert list(listed) == [world.report]
    assert fresh in desk.get(reverse("admin:loans_report_changelist")).context["cl"].result_list


def test_a_quiet_desk_says_so(desk: Client) -> None:
    all_ended(now())
    assert QUIET in desk.get(reverse(NOW)).content.decode()


@pytest.mark.parametrize("who", [make_desk_agent, make_operator])
def test_a_desk_is_not_quiet_where_nobody_looks(who: Callable[[], User]) -> None:
    all_ended(now() - timedelta(hours=1))
    Sweep.objects.filter(name="cover").update(failed_at=now(), why="DiskFull")
    Sweep.objects.filter(name="climb").update(ended_at=now())
    page = desk_of(who()).get(reverse(NOW)).content.decode()
    assert QUIET not in page
    assert "Sweeps that do not run" in page
    assert "It fails each time: DiskFull" in page
    assert "It does not run" in page
    assert "climb" not in page[page.index("Sweeps that do not run") :]


def test_the_first_page_costs_the_same_however_long_the_queues_are(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    all_ended(now())
    for _place in range(12):
        make_world()
    with django_assert_max_num_queries(22):
        desk.get(reverse(NOW))


def test_allauths_lists_of_whole_addresses_are_not_on_the_desk() -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label == "account"]


def test_a_superuser_makes_an_agent_who_can_then_work() -> None:
    page = desk_of(make_superuser())
    group = Group.objects.get(name=AGENTS)
    form = {"name": "Chen", "email": "Chen@Example.test", "locale": "en", "time_zone": "Asia/Shanghai"}
    page.post(reverse("admin:accounts_user_add"), {**form, "groups": [group.pk], "is_active": "on"})
    listed = page.get(reverse("admin:accounts_user_changelist"), {"who": "staff"}).context["cl"].result_list
    agent = next(person for person in listed if person.name == "Chen")
    assert (agent.email, agent.is_staff, agent.is_superuser) == ("chen@example.test", True, False)
    assert not agent.has_usable_password()
    assert desk_of(agent).get(reverse("admin:notifications_agenttask_changelist")).status_code == HTTP_OK


def test_an_agent_neither_makes_nor_sees_colleagues(desk: Client) -> None:
    colleague = make_desk_agent()
    assert desk.get(reverse("admin:accounts_user_add")).status_code == FORBIDDEN
    assert desk.get(reverse("admin:accounts_user_change", args=[colleague.pk])).status_code == 404
    assert list(desk.get(reverse("admin:accounts_user_changelist"), {"who": "staff"}).context["cl"].result_list) == []


@pytest.mark.parametrize(
    ("group", "active", "keeps"), [(AGENTS, "on", True), (AGENTS, "", False), (OPERATORS, "on", False)]
)
def test_the_open_tasks_of_somebody_who_works_on_them_no_more_are_nobodys(group: str, active: str, keeps: bool) -> None:
    """Coverage would go on to take them for a person on the case."""
    agent, task, done = make_desk_agent(), make_world().task, make_world().task
    AgentTask.objects.filter(pk=done.pk).update(status="done", outcome="not_reached", done_at=NOON)
    AgentTask.objects.update(assignee=agent)
    form: dict[str, Any] = {"name": "Chen", "email": agent.email, "locale": "en", "time_zone": "Asia/Shanghai"}
    form |= {"groups": [Group.objects.get(name=group).pk]} | ({"is_active": active} if active else {})
    answer = desk_of(make_superuser()).post(reverse("admin:accounts_user_change", args=[agent.pk]), form)
    assert answer.status_code == FOUND
    task.refresh_from_db()
    done.refresh_from_db()
    assert task.assignee == (agent if keeps else None)
    assert done.assignee == agent
