"""An outage that nobody ends is heard of: one alarm, until it is over."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from loans.outages import declare_outage, end_outage
from loans.tests.factories import make_bank
from notifications.models import Alarm
from notifications.outage_watch import watch_outages
from notifications.tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_an_outage_that_lasts_for_more_than_a_week_is_one_alarm_until_it_ends() -> None:
    outage = declare_outage(make_bank(), starts_at=NOON, now=NOON, reason="Down.")
    assert watch_outages(NOON + 7 * DAY - timedelta(seconds=1)) == 0
    assert watch_outages(NOON + 7 * DAY) == watch_outages(NOON + 8 * DAY) == 1
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject, alarm.closed_at) == ("outage", f"outage:{outage.pk}", None)
    end_outage(outage.pk, now=NOON + 9 * DAY)
    assert watch_outages(NOON + 9 * DAY) == 0
    alarm.refresh_from_db()
    assert alarm.closed_at == NOON + 9 * DAY


def test_one_that_is_over_or_still_to_come_is_no_alarm() -> None:
    declare_outage(make_bank(), starts_at=NOON - 20 * DAY, ends_at=NOON - DAY, now=NOON, reason="Down.")
    declare_outage(make_bank(), starts_at=NOON + DAY, now=NOON, reason="Maintenance.")
    assert watch_outages(NOON) == 0


def test_it_costs_the_same_however_many_last(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(3):
        declare_outage(make_bank(), starts_at=NOON, now=NOON, reason="Down.", reference=f"INC-{number}")
    with django_assert_num_queries(5):  # two are the transaction's
        assert watch_outages(NOON + 8 * DAY) == 3
