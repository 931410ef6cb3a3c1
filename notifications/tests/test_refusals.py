"""A firm of which nothing is taken is heard of: one alarm, open until one of its messages is taken."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from pytest_django import DjangoAssertNumQueries

from loans.api import refusals
from loans.models import Partner, RefusalRun, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import make_key
from notifications.models import Alarm
from notifications.refusals import watch_refusals
from notifications.tests.factories import NOON

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
_numbers = count(1)


@pytest.fixture(autouse=True)
def bank() -> Partner:
    refusals.tally.forget()
    bank = make_bank()
    make_key(bank)
    return bank


def refuse(at: datetime, code: str = "wrong_signature", partner: str = "harbour") -> None:
    refusals.note(partner, code, at)


def refuse_twice(at: datetime, code: str = "wrong_signature", partner: str = "harbour") -> None:
    refuse(at, code, partner)
    refuse(at + 5 * MINUTE, code, partner)


def take(at: datetime, status: str = "applied", kind: str = "events") -> None:
    number = next(_numbers)
    Report.objects.create(
        partner=Partner.objects.get(code="harbour"),
        kind=kind,
        name="m",
        content=b"{}",
        digest=f"{number:064x}",
        message_id=f"m-{number}" if kind == "events" else "",
        status=status,
        received_at=at,
    )


def test_a_quarter_of_an_hour_of_refusals_is_an_alarm_and_it_closes_when_a_message_is_taken() -> None:
    refuse_twice(NOON)
    assert watch_refusals(NOON + 14 * MINUTE) == 0
    assert watch_refusals(NOON + 15 * MINUTE) == watch_refusals(NOON + 16 * MINUTE) == 1
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject, alarm.opened_at) == ("refused", "refused:harbour", NOON + 15 * MINUTE)
    assert (alarm.facts["code"], alarm.facts["signed"]) == ("wrong_signature", False)
    take(NOON + 17 * MINUTE)
    assert watch_refusals(NOON + 18 * MINUTE) == 0
    alarm.refresh_from_db()
    assert alarm.closed_at == NOON + 18 * MINUTE
    assert not RefusalRun.objects.exists()


def test_a_wrong_message_between_right_ones_is_no_alarm() -> None:
    for minute in range(0, 40, 4):
        take(NOON + minute * MINUTE)
        refuse(NOON + (minute + 1) * MINUTE, "not_json")
        take(NOON + (minute + 2) * MINUTE)
        assert watch_refusals(NOON + (minute + 3) * MINUTE) == 0


def test_what_is_refused_after_one_that_was_taken_begins_anew() -> None:
    refuse(NOON)
    take(NOON + MINUTE)
    refuse(NOON + 2 * MINUTE, "not_json")
    assert watch_refusals(NOON + 3 * MINUTE) == 0
    refuse(NOON + 7 * MINUTE, "not_json")
    assert watch_refusals(NOON + 16 * MINUTE) == 0
    assert watch_refusals(NOON + 17 * MINUTE) == 1
    assert datetime.fromisoformat(Alarm.objects.get().facts["since"]) == NOON + 2 * MINUTE


def test_one_message_that_anybody_may_post_is_no_alarm() -> None:
    refuse(NOON)
    refuse(NOON + 4 * MINUTE)
    assert watch_refusals(NOON + 60 * MINUTE) == 0
    refuse(NOON + 61 * MINUTE)
    assert watch_refusals(NOON + 61 * MINUTE) == 1


def test_what_a_firm_signed_before_one_was_taken_does_not_count_for_what_strangers_post_after_it() -> None:
    refuse(NOON, "not_json")
    take(NOON + MINUTE)
    refuse(NOON + 2 * MINUTE, "not_signed")
    assert watch_refusals(NOON + 3 * MINUTE) == 0
    refuse(NOON + 7 * MINUTE, "wrong_signature")
    assert watch_refusals(NOON + 17 * MINUTE) == 1
    facts = Alarm.objects.get().facts
    assert (facts["code"], facts["signed"]) == ("wrong_signature", False)


def test_a_stranger_cannot_write_over_why_the_firm_is_refused() -> None:
    refuse(NOON, "currency")
    refuse(NOON + 14 * MINUTE, "wrong_signature")
    assert watch_refusals(NOON + 15 * MINUTE) == 1
    facts = Alarm.objects.get().facts
    assert (facts["code"], facts["signed"]) == ("currency", True)


def test_an_open_alarm_says_why_the_firm_is_refused_now() -> None:
    refuse_twice(NOON)
    watch_refusals(NOON + 15 * MINUTE)
    refuse(NOON + 20 * MINUTE, "currency")
    assert watch_refusals(NOON + 21 * MINUTE) == 1
    alarm = Alarm.objects.get()
    assert (alarm.facts["code"], alarm.facts["signed"]) == ("currency", True)
    assert alarm.opened_at == NOON + 15 * MINUTE


@pytest.mark.parametrize(("status", "kind"), [("refused", "events"), ("applied", "statement")])
def test_neither_a_refused_message_nor_a_file_closes_it(status: str, kind: str) -> None:
    refuse_twice(NOON, "not_json")
    take(NOON + MINUTE, status, kind)
    assert watch_refusals(NOON + 15 * MINUTE) == 1


def test_what_is_kept_a_moment_after_its_time_is_seen() -> None:
    refuse_twice(NOON)
    assert watch_refusals(NOON + 20 * MINUTE) == 1
    take(NOON + 20 * MINUTE - timedelta(seconds=5))
    assert watch_refusals(NOON + 21 * MINUTE) == 0


def test_watching_costs_the_same_however_many_firms_are_refused(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_key(make_platform())
    refuse_twice(NOON)
    with django_assert_num_queries(7):
        assert watch_refusals(NOON + 15 * MINUTE) == 1
    refuse_twice(NOON, partner="lantern")
    with django_assert_num_queries(7):
        assert watch_refusals(NOON + 17 * MINUTE) == 2
