"""A partner that falls silent is heard: an alarm opens after its working time and closes when it speaks again."""

from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from loans.models import Feed, Partner, Report
from loans.tests.factories import make_bank, make_platform
from notifications.feeds import after_working_time, watch_feeds
from notifications.models import Alarm
from notifications.tests.factories import NOON
from notifications.working_days import EVERY_DAY, WorkingDays

SHANGHAI, DAY, SECOND = ZoneInfo("Asia/Shanghai"), timedelta(days=1), timedelta(seconds=1)
CHINA = WorkingDays.of("cn")
_numbers = count(1)


def hear(partner: Partner, at: datetime, kind: str = "statement", status: str = "applied") -> None:
    digest = f"{next(_numbers):064x}"
    Report.objects.create(
        partner=partner, kind=kind, name="x", content=b"x", digest=digest, received_at=at, status=status
    )


@pytest.fixture
def feed() -> Feed:
    """A statement a day, the last of them at noon on Sunday 22 November 2026 in Shanghai."""
    feed = Feed.objects.create(partner=make_bank(), kind=Report.Kind.STATEMENT, every_hours=24)
    hear(feed.partner, NOON)
    return feed


@pytest.mark.django_db
def test_silence_is_an_alarm_once_its_time_is_over_and_not_before(feed: Feed) -> None:
    assert watch_feeds(NOON + DAY - SECOND) == 0
    assert watch_feeds(NOON + DAY) == 1
    assert watch_feeds(NOON + 2 * DAY) == 1
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject, alarm.opened_at) == ("feed", "feed:harbour:statement", NOON + DAY)


@pytest.mark.django_db
def test_the_alarm_closes_when_the_feed_speaks_again_and_opens_anew_afterwards(feed: Feed) -> None:
    watch_feeds(NOON + DAY)
    hear(feed.partner, NOON + 2 * DAY)
    assert watch_feeds(NOON + 2 * DAY + SECOND) == 0
    assert Alarm.objects.get().closed_at == NOON + 2 * DAY + SECOND
    watch_feeds(NOON + 3 * DAY)
    assert Alarm.objects.open().count() == 1


@pytest.mark.django_db
def test_another_feed_or_another_firm_does_not_speak_for_it(feed: Feed) -> None:
    hear(feed.partner, NOON + DAY, kind="loans")
    hear(make_platform(), NOON + DAY)
    assert watch_feeds(NOON + DAY) == 1


@pytest.mark.django_db
def test_a_file_that_could_not_be_read_is_silence(feed: Feed) -> None:
    hear(feed.partner, NOON + DAY, status=Report.Status.REFUSED)
    assert watch_feeds(NOON + DAY) == 1


@pytest.mark.django_db
def test_a_file_that_nobody_has_read_for_long_is_silence_and_one_that_has_just_come_is_not(feed: Feed) -> None:
    hear(feed.partner, NOON + DAY, status=Report.Status.RECEIVED)
    assert watch_feeds(NOON + DAY) == 0
    assert watch_feeds(NOON + DAY + timedelta(minutes=31)) == 1
    Report.objects.filter(status=Report.Status.RECEIVED).update(status=Report.Status.APPLIED)
    assert watch_feeds(NOON + DAY + timedelta(minutes=32)) == 0


@pytest.mark.django_db
def test_what_never_came_is_silent_from_when_it_is_watched() -> None:
    feed = Feed.objects.create(partner=make_bank(), kind="loans", every_hours=2)
    Feed.objects.filter(pk=feed.pk).update(watched_since=NOON)
    assert watch_feeds(NOON + timedelta(hours=2) - SECOND) == 0
    assert watch_feeds(NOON + timedelta(hours=2)) == 1


@pytest.mark.django_db
def test_days_off_of_the_firm_do_not_count(feed: Feed) -> None:
    Partner.objects.filter(pk=feed.partner_id).update(working_days="cn", time_zone="Asia/Shanghai")
    monday_midnight = NOON + timedelta(hours=12)
    assert watch_feeds(monday_midnight + DAY - SECOND) == 0
    assert watch_feeds(monday_midnight + DAY) == 1


@pytest.mark.django_db
def test_a_feed_that_is_watched_no_more_has_no_alarm(feed: Feed) -> None:
    watch_feeds(NOON + DAY)
    feed.delete()
    assert watch_feeds(NOON + 2 * DAY) == 0
    assert not Alarm.objects.open().exists()


@pytest.mark.django_db
def test_watching_costs_the_same_however_many_feeds_there_are(feed: Feed) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            watch_feeds(NOON + DAY)
        return len(ran)

    few = cost()
    for kind in ("loans", "statement"):
        Feed.objects.create(partner=make_platform(), kind=kind)
    assert cost() == few <= 6


def test_a_friday_noon_and_a_day_is_a_monday_noon() -> None:
    friday = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
    assert after_working_time(friday, DAY, CHINA, SHANGHAI) == friday + 3 * DAY


@given(
    start=st.integers(0, 2 * 365 * 86400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + seconds * SECOND),
    hours=st.integers(1, 400),
    zone=st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/London"]),
)
def test_more_time_never_ends_sooner_and_days_off_only_add(start: datetime, hours: int, zone: str) -> None:
    span, place = timedelta(hours=hours), ZoneInfo(zone)
    end = after_working_time(start, span, CHINA, place)
    assert end >= after_working_time(start, span, EVERY_DAY, place) == start + span
    assert after_working_time(start, span + SECOND, CHINA, place) > end
