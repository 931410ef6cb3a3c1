"""Alarms that no program can close are closed by an agent, with a reason."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from notifications.models import Alarm
from notifications.tests.factories import NOON
from portal.tests.desk import World, desk_of, make_desk_agent, make_operator, make_world, said
from portal.tests.test_desk_alarms import make_feed_alarm, make_statement_alarm, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
DAY = timedelta(days=1)
LANGUAGES = [code for code, _name in settings.LANGUAGES]
LIST = "admin:notifications_alarm_changelist"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (Alarm.Kind.STATEMENT, "the statement will not come"),
        (Alarm.Kind.DOUBTED, "no such payment"),
        (Alarm.Kind.UNTOLD, "How it came about"),
    ],
)
def test_who_closes_one_is_asked_for_what_explains_it(agent: User, kind: Alarm.Kind, asked: str) -> None:
    facts = {"payment": 1, "loan": 1, "firm": "Harbour Bank", "statement": 1, "named": "camt.053", "fault": "gap"}
    alarm = Alarm.objects.create(
        kind=kind, subject=f"{kind}:1", detail="x", opened_at=NOON, facts=facts, due_on=NOON.date()
    )
    form = desk_of(agent).get(page_of(alarm)).context["reason_form"]
    assert asked in form.fields["because"].help_text


def test_an_agent_closes_one_of_a_statement_with_a_reason_and_it_is_on_record(agent: User, world: World) -> None:
    alarm, desk = make_statement_alarm(world), desk_of(agent)
    answer = desk.post(page_of(alarm), {"because": "The bank rounds."}, follow=True)
    assert "Closed and on record." in said(answer)
    alarm.refresh_from_db()
    assert (alarm.closed_by, alarm.closed_because) == (agent, "The bank rounds.")
    assert LogEntry.objects.get().change_message == "Closed."
    statements = reverse("admin:loans_statement_changelist")
    assert desk.get(statements).context["cl"].result_count == 0
    assert desk.get(statements, {"standing": "unbalanced"}).context["cl"].result_count == 1
    assert "was closed before" in said(desk.post(page_of(alarm), {"because": "Again."}, follow=True))


@pytest.mark.parametrize(("together", "left"), [({}, 2), ({"together": "on"}, 0)])
def test_alarms_that_one_look_opened_are_closed_together_where_the_agent_says_so(
    agent: User, together: dict[str, str], left: int
) -> None:
    rows = [Alarm(kind="untold", subject=f"untold:{number}:1", detail="x", opened_at=NOON) for number in range(3)]
    first, *_others = Alarm.objects.bulk_create(rows)
    desk = desk_of(agent)
    assert "all 2 others that were opened with it" in desk.get(page_of(first)).content.decode()
    answer = desk.post(page_of(first), {"because": "It was down.", **together}, follow=True)
    assert ("Closed and on record." if left else "3 alarms are closed and on record.") in said(answer)
    assert Alarm.objects.open().count() == left


def test_alarms_of_other_kinds_are_closed_one_by_one(agent: User, world: World) -> None:
    alarm = make_statement_alarm(world)
    Alarm.objects.create(kind=alarm.kind, subject="statement:99:gap", detail="x", opened_at=alarm.opened_at)
    desk = desk_of(agent)
    assert "opened with it" not in desk.get(page_of(alarm)).content.decode()
    desk.post(page_of(alarm), {"because": "It was down.", "together": "on"})
    assert Alarm.objects.open().count() == 1


def test_without_a_reason_nothing_is_closed_and_the_page_says_so(agent: User, world: World) -> None:
    alarm = make_statement_alarm(world)
    answer = desk_of(agent).post(page_of(alarm), {"because": " ", "detail": "changed"})
    assert answer.status_code == 200
    assert "Write down how it went" in answer.content.decode()
    alarm.refresh_from_db()
    assert (alarm.closed_at, "changed" in alarm.detail) == (None, False)


def test_neither_an_operator_nor_an_alarm_of_another_kind_is_closed_by_hand(agent: User, world: World) -> None:
    alarm, other = make_statement_alarm(world), make_feed_alarm()
    assert desk_of(make_operator()).post(page_of(alarm), {"because": "x"}).status_code == 403
    assert desk_of(agent).post(page_of(other), {"because": "x"}).status_code == 403
    assert Alarm.objects.open().count() == 2
    assert Client().post(page_of(alarm), {"because": "x"}).status_code == 302
