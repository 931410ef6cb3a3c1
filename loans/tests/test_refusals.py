"""What is pushed under a partner's name and refused is counted: one row a partner, whoever posts and however much."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from loans.api import refusals
from loans.api.keys import make_secret
from loans.models import RefusalRun
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import event, make_key, push, push_bytes, push_raw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    refusals.tally.forget()
    yield
    refusals.tally.forget()


@pytest.fixture
def secret() -> str:
    return make_key(make_bank())


def runs() -> list[tuple[str, str, bool, int]]:
    rows = RefusalRun.objects.select_related("partner")
    return [(run.partner.code, run.code, run.signed, run.messages) for run in rows]


def test_what_is_taken_is_not_counted_and_costs_no_statement_more(
    secret: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    push("harbour", secret, event("outage.ended"))
    with django_assert_num_queries(1):
        assert push("harbour", secret, event("outage.ended")).status_code == 202
    assert runs() == []


def test_a_wrong_key_is_counted_under_the_name_in_the_address(secret: str) -> None:
    assert push("harbour", make_secret(), event("outage.ended")).status_code == 401
    assert runs() == [("harbour", "wrong_signature", False, 1)]


def test_a_wrong_form_is_counted_as_the_partners_own(secret: str) -> None:
    assert push_bytes(secret, b"{").status_code == 400
    assert runs() == [("harbour", "not_json", True, 1)]


def test_so_is_what_the_framework_refuses(secret: str) -> None:
    body = b"{}"
    answer = push_raw("harbour", body, {"accept": "application/json;q=0.9"}, content_type="text/plain")
    assert answer.status_code == 415
    assert runs() == [("harbour", "unsupported_media_type", False, 1)]


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("code", ["nobody", "lantern"])
def test_a_name_that_nobody_pushes_under_makes_no_row(code: str) -> None:
    make_platform()
    assert push(code, make_secret(), event("outage.ended")).status_code == 401
    assert runs() == []


def test_many_in_a_second_are_one_statement_and_all_are_counted_with_the_next(
    secret: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    start = timezone.now()
    refusals.note("harbour", "stale", start)
    with django_assert_num_queries(0):
        for _message in range(50):
            refusals.note("harbour", "stale", start)
    refusals.note("harbour", "wrong_signature", start + timedelta(seconds=1))
    assert runs() == [("harbour", "wrong_signature", False, 52)]


def test_what_is_left_is_written_as_of_its_own_moment(secret: str) -> None:
    start = timezone.now()
    last = start + timedelta(milliseconds=900)
    for code, at in (("not_json", start), ("currency", start), ("amount", last), ("stale", last), ("stale", last)):
        refusals.note("harbour", code, at)
    assert runs() == [("harbour", "not_json", True, 2)]
    refusals.write_left(everything=True)
    assert runs() == [("harbour", "amount", True, 5)]
    run = RefusalRun.objects.get()
    assert (run.since, run.last_at, run.signed_at) == (start, last, last)
    refusals.write_left(everything=True)
    assert RefusalRun.objects.get().messages == 5


def test_what_a_stranger_posts_hides_nothing_that_the_partner_signed(secret: str) -> None:
    start = timezone.now()
    refusals.note("harbour", "wrong_signature", start)
    refusals.note("harbour", "not_json", start)
    assert runs() == [("harbour", "not_json", True, 2)]
    refusals.note("harbour", "stale", start + timedelta(seconds=2))
    assert runs() == [("harbour", "not_json", True, 3)]
    refusals.note("harbour", "currency", start + timedelta(seconds=4))
    assert runs() == [("harbour", "currency", True, 4)]


def test_invented_names_do_not_fill_the_memory() -> None:
    for number in range(3_000):
        refusals.tally.due((f"name-{number}", False), timezone.now())
    assert len(refusals.tally._seen) <= 1_000


@pytest.mark.usefixtures("secret")
def test_too_many_messages_are_no_refusal_of_what_they_say() -> None:
    refusals.note("harbour", "too_many_requests", timezone.now())
    assert runs() == []


def test_what_cannot_be_counted_is_answered_all_the_same(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE loans_refusalrun RENAME TO loans_gone")
    with caplog.at_level(logging.WARNING):
        refusals.note("harbour", "stale", datetime.now(tz=timezone.get_current_timezone()))
    assert "is not counted" in caplog.text
