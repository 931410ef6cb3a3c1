"""What operators see and hold: alarms, halts, leads, providers; who may not, and what a lever does."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.models import Report
from notifications import tasks
from notifications.halting import halt, lift
from notifications.leads import parse_leads
from notifications.models import Alarm, Halt, LeadPlan
from notifications.slots import plans_of_leads
from notifications.tests.factories import NOON
from portal.tests.desk import World, desk_of, make_desk_agent, make_operator, make_superuser, make_world, said
from portal.tests.levers import Levers, lift_address, make_alarm, make_levers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
HTTP_OK, FOUND, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 200, 302, 403, 404, 405
NOW = "admin:index"
OPERATORS_ONLY = (
    "notifications_halt", "notifications_leadplan", "notifications_supplier", "notifications_callback",
    "notifications_refusedcalls",
)  # fmt: skip
HALT = {"channel": "sms", "kind": "", "partner": "", "reason": "The provider sends everything twice."}


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def levers(world: World) -> Levers:
    return make_levers(world)


@pytest.fixture
def operator() -> User:
    return make_operator()


@pytest.fixture
def desk(operator: User) -> Client:
    return desk_of(operator)


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes when the senders are woken."""
    calls: list[str] = []
    monkeypatch.setattr(tasks, "wake_senders", lambda: calls.append("woken"))
    return calls


def page_of(client: Client, name: str) -> str:
    return client.get(reverse(name)).content.decode()


# The first page


def test_the_first_page_says_plainly_what_is_halted_since_when_by_whom_and_why(desk: Client, world: World) -> None:
    levers = make_levers(world, by=make_operator(name="Zhang Lei"))
    page = page_of(desk, NOW)
    start = page.index("desk-halts")
    for words in ("SMS", "12:00", "by Zhang Lei", "The bank asked us to.", lift_address(levers.halt)):
        assert words in page[start : start + 3000], words
    assert page.index("desk-halts") < page.index("desk-numbers")


def test_alarms_about_people_come_first_by_due_date_and_lead_to_them(desk: Client, world: World) -> None:
    kannel = make_alarm(world, kind="provider", subject="provider:kannel", borrower=None, due_on=None, detail="slow")
    later = make_alarm(world, subject="installment:900", due_on=world.installment.due_on + timedelta(days=2))
    sooner = make_alarm(world)
    queue = next(one for one in desk.get(reverse(NOW)).context["now"].queues if one.name == "alarms")
    assert queue.rows == [sooner, later, kannel]
    assert [number.count for number in queue.numbers] == [3, 2]
    assert reverse("admin:accounts_user_change", args=[world.borrower.pk]) in page_of(desk, NOW)


def test_each_number_of_an_operator_leads_to_its_rows(desk: Client, levers: Levers) -> None:
    Report.objects.update(remarks=["the email was not taken"])
    queues = desk.get(reverse(NOW)).context["now"].queues
    for number in (number for queue in queues if queue.name != "outward" for number in queue.numbers):
        assert number.count == 1, number
        assert desk.get(number.href).context["cl"].result_count == 1, number


def test_a_provider_whose_pause_is_over_is_not_on_the_first_page(desk: Client, levers: Levers) -> None:
    assert levers.supplier.name in page_of(desk, NOW)
    type(levers.supplier).objects.update(paused_until=now() - timedelta(seconds=1))
    assert levers.supplier.name not in page_of(desk, NOW)


def test_the_first_page_of_an_operator_costs_the_same_however_much_is_wrong(
    desk: Client, world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _place in range(5):
        make_levers(make_world())
    with django_assert_max_num_queries(15):
        desk.get(reverse(NOW))


# Doors


@pytest.mark.parametrize("name", OPERATORS_ONLY)
def test_agents_do_not_see_what_is_for_operators(levers: Levers, name: str) -> None:
    agent = desk_of(make_desk_agent())
    assert agent.get(reverse(f"admin:{name}_changelist")).status_code == FORBIDDEN
    assert "desk-halts" not in page_of(agent, NOW)


@pytest.mark.parametrize("name", ["notifications_alarm", "notifications_inboundtext"])
def test_agents_see_alarms_and_what_borrowers_wrote(levers: Levers, name: str) -> None:
    assert desk_of(make_desk_agent()).get(reverse(f"admin:{name}_changelist")).context["cl"].result_count == 1


@pytest.mark.parametrize("who", [make_desk_agent, make_agent, lambda: None])
def test_nobody_else_pulls_a_lever(levers: Levers, who: Callable[[], User | None]) -> None:
    user = who()
    page = desk_of(user) if user else Client()
    plan = {"partner": levers.plan.partner_id, "product": "x", "upcoming": "1", "overdue": "1"}
    for address, form in (
        (lift_address(levers.halt), {}),
        (reverse("admin:notifications_halt_add"), HALT),
        (reverse("admin:notifications_leadplan_add"), plan),
        (reverse("admin:notifications_leadplan_delete", args=[levers.plan.pk]), {"post": "yes"}),
    ):
        assert page.post(address, form).status_code in {FOUND, FORBIDDEN}
    assert Halt.objects.in_force().get() == levers.halt
    assert LeadPlan.objects.get() == levers.plan


@pytest.mark.parametrize("who", [make_operator, make_superuser])
def test_a_halt_is_neither_edited_nor_deleted(levers: Levers, who: Callable[[], User]) -> None:
    page = desk_of(who())
    before = Halt.objects.values().get()
    changed = {**HALT, "reason": "Another one."}
    assert (
        page.post(reverse("admin:notifications_halt_change", args=[levers.halt.pk]), changed).status_code == FORBIDDEN
    )
    delete = reverse("admin:notifications_halt_delete", args=[levers.halt.pk])
    assert page.post(delete, {"post": "yes"}).status_code == FORBIDDEN
    assert Halt.objects.values().get() == before


def test_lifting_is_a_post_with_a_token_of_a_halt_that_is_there(levers: Levers, operator: User, desk: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert strict.post(lift_address(levers.halt)).status_code == FORBIDDEN
    assert strict.get(lift_address(levers.halt)).status_code == NOT_ALLOWED
    assert desk.post(reverse("admin:notifications_halt_lift", args=[9999])).status_code == NOT_FOUND


# What a lever does


def test_a_halt_is_thrown_from_the_desk_with_its_reason(desk: Client, operator: User, world: World) -> None:
    form = {**HALT, "kind": "overdue", "partner": world.loan.bank_id}
    response = desk.post(reverse("admin:notifications_halt_add"), form, follow=True)
    assert "Halted." in said(response)
    thrown = Halt.objects.in_force().get()
    assert (thrown.channel, thrown.kind, thrown.partner, thrown.by) == ("sms", "overdue", world.loan.bank, operator)
    assert thrown.reason == HALT["reason"]
    assert abs(thrown.since - now()) < timedelta(minutes=1)
    assert LogEntry.objects.get().object_id == str(thrown.pk)


def test_what_is_pressed_twice_is_one_halt(desk: Client) -> None:
    add = reverse("admin:notifications_halt_add")
    assert "Halted." in said(desk.post(add, HALT, follow=True))
    assert f"halted already, by halt #{Halt.objects.get().pk}" in said(desk.post(add, HALT, follow=True))


def test_who_lifts_one_of_two_is_told_what_still_holds(desk: Client, levers: Levers) -> None:
    wider = halt(reason="All of it.", by=None, now=NOON)
    shown = said(desk.post(lift_address(levers.halt), follow=True))
    assert f"still held by other halts: #{wider.pk} (everything)" in shown
    assert "goes out now" not in shown


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"channel": "pigeon"}, {"partner": "99"}, {"kind": "x" * 99}])
def test_a_halt_that_says_nothing_clear_is_not_thrown(desk: Client, wrong: dict[str, Any]) -> None:
    response = desk.post(reverse("admin:notifications_halt_add"), {**HALT, **wrong})
    assert response.status_code == HTTP_OK
    assert response.context["errors"]
    assert not Halt.objects.exists()


def test_lifting_lets_what_waits_go_out_and_is_on_record(
    desk: Client,
    operator: User,
    levers: Levers,
    woken: list[str],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = desk.post(lift_address(levers.halt))
        assert woken == []
    assert response["Location"] == reverse(NOW)
    assert woken == ["woken"]
    levers.halt.refresh_from_db()
    assert levers.halt.ended_by == operator
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Lifted."]
    assert list(desk.get(reverse("admin:notifications_halt_changelist")).context["cl"].result_list) == []


def test_of_two_operators_the_later_one_is_told_that_it_is_lifted(
    desk: Client, levers: Levers, woken: list[str]
) -> None:
    colleague = make_operator()
    lift(levers.halt.pk, by=colleague, now=NOON)
    assert "was lifted before" in said(desk.post(lift_address(levers.halt), follow=True))
    levers.halt.refresh_from_db()
    assert levers.halt.ended_by == colleague
    assert woken == []


def test_an_alarm_is_seen_open_and_closed(desk: Client, levers: Levers) -> None:
    listed = reverse("admin:notifications_alarm_changelist")
    assert list(desk.get(listed).context["cl"].result_list) == [levers.alarm]
    Alarm.objects.update(closed_at=now())
    assert list(desk.get(listed).context["cl"].result_list) == []
    assert list(desk.get(listed, {"standing": "closed"}).context["cl"].result_list) == [levers.alarm]


def test_the_words_of_a_text_are_read_without_its_senders_addresses(levers: Levers, world: World) -> None:
    shown = page_of(desk_of(make_desk_agent()), "admin:notifications_inboundtext_changelist")
    assert "Call me on +86•••••" in shown
    assert [secret for secret in world.secrets if secret in shown] == []


def test_of_several_texts_that_came_together_each_person_has_their_own(levers: Levers, world: World) -> None:
    mine = {"phone_number": str(world.borrower.phone).removeprefix("+"), "content": "I moved."}
    raw = json.dumps([{"phone_number": "13912345678", "content": "Not mine."}, mine]).encode()
    callback = type(levers.callback).objects.create(provider="aliyun_in", raw=raw, received_at=NOON)
    text = type(levers.text).objects.create(
        callback=callback, borrower=world.borrower, meaning="other", outcome="for a person to read", received_at=NOON
    )
    page = desk_of(make_desk_agent()).get(reverse("admin:notifications_inboundtext_change", args=[text.pk]))
    assert "I moved." in page.content.decode()
    assert "Not mine." not in page.content.decode()


def test_a_number_that_a_provider_writes_without_a_plus_is_masked(desk: Client, levers: Levers) -> None:
    raw = b'[{"phone_number": "13912345678", "content": "hi"}]'
    callback = type(levers.callback).objects.create(provider="aliyun", raw=raw, received_at=NOON)
    shown = desk.get(reverse("admin:notifications_callback_change", args=[callback.pk])).content.decode()
    assert "13912345678" not in shown
    assert "139•••••5678" in shown


# Leads


@pytest.mark.parametrize(
    ("written", "kept"),
    [("7,3,1,0", "7,3,1,0"), (" 14, 3,0 ", "14,3,0"), ("0", "0")],
)
def test_leads_are_kept_as_planning_reads_them(desk: Client, world: World, written: str, kept: str) -> None:
    form = {"partner": world.loan.bank_id, "product": "", "upcoming": written, "overdue": "1, 7"}
    assert desk.post(reverse("admin:notifications_leadplan_add"), form).status_code == FOUND
    plan = LeadPlan.objects.get()
    assert (plan.upcoming, plan.overdue) == (kept, "1,7")
    assert [one.leads for one in plans_of_leads()][1:] == [parse_leads(kept)]


@pytest.mark.parametrize("wrong", ["", "x", "7;3,0", "-1,0", "61,0", "1,,0", "٣,0", "0,3", "3,1", "3,3,0", "1.5,0"])
def test_leads_that_cannot_be_told_are_refused_with_a_reason(desk: Client, world: World, wrong: str) -> None:
    form = {"partner": world.loan.bank_id, "product": "", "upcoming": wrong, "overdue": "1,3,7"}
    response = desk.post(reverse("admin:notifications_leadplan_add"), form)
    assert response.status_code == HTTP_OK
    assert response.context["adminform"].form.errors["upcoming"]
    assert not LeadPlan.objects.exists()


def test_an_overdue_lead_is_at_least_a_day(desk: Client, world: World) -> None:
    form = {"partner": world.loan.bank_id, "product": "", "upcoming": "3,0", "overdue": "0,3"}
    response = desk.post(reverse("admin:notifications_leadplan_add"), form)
    assert "from 1 to 30" in response.content.decode()
