"""Whose law holds for a borrower, on their page at the desk: shown to all, said by who may."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from pytest_django.asserts import assertNumQueries

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from notifications.models import NoticeEvent
from notifications.saying_law import Seen, say_law
from notifications.tests.factories import NOON
from portal.admin.borrower_law import law_of
from portal.admin.timeline import read_timeline
from portal.tests.desk import desk_of, make_desk_agent, make_operator, make_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
OK, FOUND, FORBIDDEN, NOT_FOUND, CONFLICT = 200, 302, 403, 404, 409
FORM = 'name="reason"'


@pytest.fixture
def borrower() -> User:
    return make_borrower()


@pytest.fixture
def operator() -> User:
    return make_operator()


@pytest.fixture
def desk(operator: User) -> Client:
    return desk_of(operator)


def page_of(borrower: User) -> str:
    return reverse("admin:accounts_user_change", args=[borrower.pk])


def read(desk: Client, borrower: User) -> str:
    return desk.get(page_of(borrower)).content.decode()


def post(desk: Client, borrower: User, **said: str) -> Any:
    form = {"law": "us", "reason": "lives in Boston", "seen": str(Seen.of(borrower)), **said}
    return desk.post(page_of(borrower), form)


def say(borrower: User, law: str, by: User) -> None:
    seen = Seen.of(borrower)
    say_law(borrower_id=borrower.pk, law=law, reason="a letter", agent=by, now=NOON, seen=seen)
    borrower.refresh_from_db()


def test_a_guessed_law_is_shown_as_such_to_an_agent_who_may_not_say_another(borrower: User) -> None:
    page = read(desk_of(make_desk_agent()), borrower)
    assert "<strong>China</strong>" in page
    assert "nobody has said it" in page
    assert FORM not in page


@pytest.mark.parametrize("who", ["stranger", "borrower", "without a group", "agent", "may change people"])
def test_nobody_else_says_it(borrower: User, who: str) -> None:
    changes = make_desk_agent()
    changes.user_permissions.add(Permission.objects.get(codename="change_user"))
    client = {
        "borrower": desk_of(borrower),
        "without a group": desk_of(make_agent()),
        "agent": desk_of(make_desk_agent()),
        "may change people": desk_of(changes),
    }.get(who, Client())
    assert post(client, borrower).status_code == (FOUND if who in {"stranger", "borrower"} else FORBIDDEN)
    borrower.refresh_from_db()
    assert (borrower.jurisdiction, borrower.jurisdiction_said_at) == ("cn", None)
    assert not NoticeEvent.objects.exists()


def test_an_operator_says_it_with_a_reason_and_all_see_who_when_and_why(
    borrower: User, operator: User, desk: Client
) -> None:
    assert FORM in read(desk, borrower)
    assert post(desk, borrower).status_code == FOUND
    borrower.refresh_from_db()
    event = NoticeEvent.objects.get()
    assert (borrower.jurisdiction, borrower.jurisdiction_said_at) == ("us", event.at)
    assert (event.kind, event.actor_id, event.data["reason"]) == ("law", operator.pk, "lives in Boston")
    assert LogEntry.objects.get().get_change_message() == "Law: us."
    page = read(desk_of(make_desk_agent()), borrower)
    assert "<strong>United States</strong>" in page
    assert "said by a person" in page
    assert "Operator · <bdi>lives in Boston</bdi>" in page
    assert "nobody has said it" not in page


def test_it_is_a_line_of_the_timeline(borrower: User, operator: User, desk: Client) -> None:
    post(desk, borrower)
    [line] = read_timeline(borrower.pk).lines
    assert (line.what, line.by) == ("law that holds for them", "Operator")
    assert line.why == "United States, said by a person; before: China, guessed · lives in Boston"


def test_a_law_that_was_said_can_be_given_back_to_guessing(borrower: User, operator: User, desk: Client) -> None:
    assert "guess it from phone" not in read(desk, borrower)
    say(borrower, "us", operator)
    page = read(desk, borrower)
    assert '<option value="guess">guess it from phone and time zone</option>' in page
    assert '<option value="us">' not in page
    answer = desk.post(page_of(borrower), {"law": "guess", "reason": "a slip", "seen": str(Seen.of(borrower))})
    assert answer.status_code == FOUND
    borrower.refresh_from_db()
    assert (borrower.jurisdiction, borrower.jurisdiction_said_at) == ("cn", None)
    assert "nobody has said it" in read(desk, borrower)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"reason": " "}, "Write down how you know"),
        ({"law": ""}, "Choose whose law holds"),
        ({"law": "xx"}, "xx is not one of the available choices"),
        ({"reason": "called 138 0013 8000"}, "Please take out: 138 0013 8000"),
        ({"reason": "wrote from li@example.com"}, "Please take out: li@example.com"),
        ({"reason": "x" * 201}, "at most 200"),
        ({"law": "guess"}, "That is so already"),
    ],
)
def test_what_is_not_said_well_changes_nothing_and_keeps_the_form_open(
    borrower: User, desk: Client, said: dict[str, str], words: str
) -> None:
    answer = post(desk, borrower, **said)
    page = answer.content.decode()
    assert answer.status_code in {OK, CONFLICT}
    assert words in page
    assert "<details open>" in page
    borrower.refresh_from_db()
    assert borrower.jurisdiction_said_at is None
    assert not NoticeEvent.objects.exists()


def test_whom_somebody_else_was_faster_than_is_told_so_and_sees_what_holds(borrower: User, desk: Client) -> None:
    seen = str(Seen.of(borrower))
    say(borrower, "uk", make_superuser())
    answer = post(desk, borrower, seen=seen, law="eu")
    page = answer.content.decode()
    assert answer.status_code == CONFLICT
    assert "Whose law holds was changed meanwhile" in page
    assert "<strong>United Kingdom</strong>" in page
    assert f'value="{Seen.of(borrower)}"' in page
    assert '<option value="eu" selected>European Union</option>' in page
    assert 'value="lives in Boston"' in page
    assert NoticeEvent.objects.count() == 1
    assert post(desk, borrower, law="eu").status_code == FOUND


def test_of_somebody_at_the_desk_it_is_not_said(desk: Client) -> None:
    agent = make_agent()
    assert post(desk, agent).status_code == NOT_FOUND
    assert post(desk_of(make_superuser()), agent, email="agent@example.test").status_code in {OK, FOUND}
    assert User.objects.get(pk=agent.pk).jurisdiction == "cn"
    assert not NoticeEvent.objects.exists()


def test_a_law_without_figures_names_the_one_that_holds_instead(borrower: User, desk: Client) -> None:
    User.objects.filter(pk=borrower.pk).update(jurisdiction="de")
    page = read(desk, borrower)
    assert "<strong>DE</strong>" in page
    assert "those of European Union hold instead" in page


def test_a_file_of_ones_own_can_be_chosen(borrower: User, desk: Client, tmp_path: Path, settings: Settings) -> None:
    shipped = settings.BASE_DIR / "notifications/policies/eu.toml"
    (tmp_path / "de.toml").write_text(shipped.read_text())
    settings.POLICY_FOLDER = str(tmp_path)
    assert '<option value="de">DE</option>' in read(desk, borrower)
    assert post(desk, borrower, law="de").status_code == FOUND
    borrower.refresh_from_db()
    assert borrower.jurisdiction == "de"
    assert "hold instead" not in read(desk, borrower)


def test_where_the_record_of_then_is_removed_the_page_says_so(borrower: User, desk: Client) -> None:
    User.objects.filter(pk=borrower.pk).update(jurisdiction_said_at=NOON - timedelta(days=3000))
    page = read(desk, borrower)
    assert "said by a person" in page
    assert "is not on record any more" in page


def test_a_guessed_law_costs_no_query_and_a_said_one_two(borrower: User, operator: User) -> None:
    desk = desk_of(make_desk_agent())

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(page_of(borrower)).status_code == OK
        return len(queries)

    with assertNumQueries(0):
        assert law_of(borrower, NOON).said_at is None
    say(borrower, "us", operator)
    with assertNumQueries(2):
        assert law_of(borrower, NOON).by == "Operator"
    cost()  # whatever a process reads once
    said = cost()
    say(borrower, "guess", operator)
    assert cost() == said - 2


@pytest.mark.parametrize(
    ("language", "said", "words"),
    [
        (
            "zh-hans",
            "已经如此，没有任何改动。",
            ["适用法律", "<strong>美国</strong>", "由人指明", "指明适用的法律", "根据电话和时区推测"],
        ),
        (
            "zh-hant",
            "已經如此，沒有任何變更。",
            ["適用法律", "<strong>美國</strong>", "由人指明", "指明適用的法律", "根據電話和時區推測"],
        ),
    ],
)
def test_all_of_it_is_said_in_chinese(borrower: User, language: str, said: str, words: list[str]) -> None:
    operator = make_operator(locale=language)
    say(borrower, "us", operator)
    desk = desk_of(operator)
    page = read(desk, borrower)
    assert [word for word in words if word not in page] == []
    refused = post(desk, borrower).content.decode()
    assert said in refused
