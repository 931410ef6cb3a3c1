"""Stages in the borrower's own calendar."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import calendar
from notifications.calendar import LEADS, LEAST_TRY, Slot, deadline, opens_on, overdue_stage, upcoming_stage
from notifications.models import Prompt
from notifications.tests.zones import instants, zones
from notifications.timing import ContactHours, lawful_moment
from notifications.working_days import EVERY_DAY, WorkingDays

HOURS = ContactHours()
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHANGHAI = ("Asia/Shanghai", ZoneInfo("Asia/Shanghai"))
CHINA = WorkingDays.of("cn")
HONOLULU = ("Pacific/Honolulu", ZoneInfo("Pacific/Honolulu"))


def test_a_stage_is_the_shortest_lead_still_ahead() -> None:
    assert [upcoming_stage(days) for days in range(8)] == [0, 1, 3, 3, 7, 7, 7, 7]


def test_the_same_instant_is_another_day_elsewhere() -> None:
    stages = {(slot.zone, slot.due_on): slot.stage for slot in calendar.upcoming([SHANGHAI, HONOLULU], NOON, HOURS)}
    assert stages["Asia/Shanghai", date(2026, 11, 22)] == 0
    assert stages["Pacific/Honolulu", date(2026, 11, 22)] == 1


@given(st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_every_due_date_within_the_longest_lead_has_exactly_one_slot(now: datetime) -> None:
    slots = list(calendar.upcoming([SHANGHAI], now, HOURS))
    today = now.astimezone(SHANGHAI[1]).date()
    assert [slot.due_on for slot in slots] == [today + timedelta(days=days) for days in range(max(LEADS) + 1)]


@given(st.datetimes(datetime(2023, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_prompt_is_told_before_its_due_day_is_over_and_a_person_is_called_after_it_was_told(now: datetime) -> None:
    for slot in calendar.upcoming([SHANGHAI, HONOLULU], now, HOURS):
        zone = ZoneInfo(slot.zone)
        assert slot.moment.astimezone(zone).date() <= slot.due_on
        assert slot.moment <= slot.deadline


def test_a_due_day_whose_last_hour_comes_twice_is_over_after_the_second_one() -> None:
    """Chile puts its clocks back at midnight: what comes up in the second hour would wait for the day after."""
    santiago = ZoneInfo("America/Santiago")
    now = datetime(2026, 4, 4, 23, 24, tzinfo=santiago, fold=1).astimezone(UTC)
    slot = next(calendar.upcoming([(santiago.key, santiago)], now, HOURS))
    assert (slot.due_on, slot.moment) == (date(2026, 4, 4), now)
    assert (
        slot.deadline
        <= calendar.end_of_due_day(slot.due_on, santiago)
        == datetime(2026, 4, 5, 3, 59, 59, 999999, tzinfo=UTC)
    )


def test_a_person_has_the_case_by_noon_of_the_day_before() -> None:
    (slot,) = [slot for slot in calendar.upcoming([SHANGHAI], NOON, HOURS) if slot.due_on == date(2026, 11, 25)]
    assert slot.deadline == datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI[1])


def test_the_last_of_february_is_a_day_like_any_other() -> None:
    leap_eve = datetime(2028, 2, 28, 4, 0, tzinfo=UTC)
    stages = {slot.due_on: slot.stage for slot in calendar.upcoming([SHANGHAI], leap_eve, HOURS)}
    assert stages[date(2028, 2, 29)] == 1
    assert stages[date(2028, 3, 1)] == 3


def test_an_overdue_stage_is_the_latest_that_was_reached() -> None:
    stages = {slot.due_on: slot.stage for slot in calendar.overdue([SHANGHAI], NOON, HOURS)}
    today = date(2026, 11, 22)
    assert [stages[today - timedelta(days=days)] for days in (1, 2, 3, 6, 7, 30)] == [1, 1, 3, 3, 7, 7]
    assert today not in stages


def test_a_partner_may_have_leads_and_stages_of_its_own() -> None:
    slots = list(calendar.upcoming([SHANGHAI], NOON, HOURS, leads=(14, 5, 0)))
    assert [slot.stage for slot in slots] == [0, *[5] * 5, *[14] * 9]
    late = list(calendar.overdue([SHANGHAI], NOON, HOURS, stages=(2, 10)))
    assert [slot.stage for slot in late] == [*[2] * 8, *[10] * 21]
    assert late[0].due_on == date(2026, 11, 20)


@given(st.sets(st.integers(1, 60)), st.integers(0, 60))
def test_every_day_up_to_the_longest_lead_has_a_stage_ahead_of_it(days: set[int], away: int) -> None:
    leads = (*sorted(days, reverse=True), 0)
    if away <= max(leads):
        stage = upcoming_stage(away, leads)
        assert away <= stage
        assert not any(away <= lead < stage for lead in leads)


@given(st.sets(st.integers(1, 30), min_size=1), st.integers(1, 30))
def test_an_overdue_stage_has_been_reached_and_not_overtaken(days: set[int], late: int) -> None:
    stages = sorted(days)
    if late >= stages[0]:
        stage = overdue_stage(late, stages)
        assert stage <= late
        assert not any(stage < other <= late for other in stages)


class TestTheDeadline:
    """Noon of a day on which a person is there."""

    @staticmethod
    def of(due_on: date, stage: int, days: WorkingDays = CHINA) -> datetime:
        return deadline(due_on, stage, SHANGHAI[1], datetime(2026, 1, 1, tzinfo=UTC), days).astimezone(SHANGHAI[1])

    @pytest.mark.parametrize(
        ("due_on", "stage", "day"),
        [
            (date(2026, 11, 25), 3, date(2026, 11, 24)),  # a Wednesday
            (date(2026, 11, 23), 3, date(2026, 11, 20)),  # a Monday: the Friday before
            (date(2026, 11, 23), 0, date(2026, 11, 23)),
            (date(2026, 11, 22), 0, date(2026, 11, 20)),  # a Sunday
            (date(2026, 2, 20), 7, date(2026, 2, 14)),  # in the Spring Festival: the Saturday that is worked for it
            (date(2026, 2, 14), 0, date(2026, 2, 14)),
            (date(2026, 10, 8), 1, date(2026, 9, 30)),  # after the National Day week
            (date(2028, 3, 1), 1, date(2028, 2, 29)),
        ],
    )
    def test_is_noon_of_the_last_working_day(self, due_on: date, stage: int, day: date) -> None:
        assert self.of(due_on, stage) == datetime(day.year, day.month, day.day, 12, 0, tzinfo=SHANGHAI[1])

    def test_is_the_day_before_where_nobody_said_who_works_when(self) -> None:
        assert self.of(date(2026, 11, 23), 3, EVERY_DAY).date() == date(2026, 11, 22)

    @pytest.mark.parametrize(
        ("began", "ends"),
        [
            (time(8), datetime(2026, 11, 22, 22, 0)),  # noqa: DTZ001
            (time(19, 30), datetime(2026, 11, 22, 22, 0)),  # noqa: DTZ001
            (time(20, 30), datetime(2026, 11, 23, 10, 0)),  # noqa: DTZ001
            (time(21, 50), datetime(2026, 11, 23, 10, 0)),  # noqa: DTZ001
        ],
    )
    def test_of_a_sunday_is_its_evening_or_the_morning_after_where_that_is_the_due_day(
        self, began: time, ends: datetime
    ) -> None:
        """What begins on a day on which nobody works hurries nobody."""
        started_at = datetime.combine(date(2026, 11, 22), began, SHANGHAI[1])
        late = deadline(date(2026, 11, 23), 1, SHANGHAI[1], started_at, CHINA, HOURS)
        assert late == ends.replace(tzinfo=SHANGHAI[1])

    @pytest.mark.parametrize(
        ("began", "ends"),
        [(time(8), time(10)), (time(18, 30), time(20, 30)), (time(19, 30), time(21)), (time(21, 58), time(21, 58))],
    )
    def test_in_the_evening_of_the_due_day_a_person_has_an_hour_of_it(self, began: time, ends: time) -> None:
        started_at, sunday = datetime.combine(date(2026, 11, 22), began, SHANGHAI[1]), date(2026, 11, 22)
        late = deadline(sunday, 0, SHANGHAI[1], started_at, CHINA, HOURS)
        assert late == datetime.combine(sunday, ends, SHANGHAI[1])

    def test_reaches_the_slots(self) -> None:
        slots = calendar.upcoming([SHANGHAI], datetime(2026, 11, 19, 1, 0, tzinfo=UTC), HOURS, working_days=CHINA)
        (slot,) = [slot for slot in slots if slot.due_on == date(2026, 11, 23)]
        assert slot.deadline == datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI[1])

    @given(instants, zones, st.integers(0, 30), st.integers(0, 7))
    def test_leaves_the_channels_their_time_and_never_ends_after_noon_of_the_due_day(
        self, started_at: datetime, zone: ZoneInfo, away: int, stage: int
    ) -> None:
        due_on = started_at.astimezone(zone).date() + timedelta(days=away)
        ends = deadline(due_on, stage, zone, started_at, CHINA)
        assert ends >= started_at + LEAST_TRY or (away == 0 and ends >= started_at)
        last_day = ends.astimezone(zone).date()
        began_on = started_at.astimezone(zone).date()
        if ends > started_at + LEAST_TRY and (last_day != began_on or CHINA.is_working_day(began_on)):
            assert CHINA.is_working_day(last_day) or last_day == date(2011, 12, 31)  # Apia's 30th is its 31st
            assert last_day < due_on or stage == 0

    @pytest.mark.parametrize("leads", [LEADS, (1, 0), (0,)])
    @pytest.mark.parametrize("law", ["cn", "us", "uk", "eu"])
    def test_whenever_it_is_due_a_person_has_half_a_working_day_from_the_first_stage_on(
        self, law: str, leads: tuple[int, ...]
    ) -> None:
        days = WorkingDays.of(law)
        for due_on, (today, slot) in first_slots(days, leads).items():
            work = [today + timedelta(days=n) for n in range((due_on - today).days + 1)]
            noons = [datetime.combine(day, time(12), SHANGHAI[1]) for day in work if days.is_working_day(day)]
            assert slot.moment < max(noons, default=slot.moment), due_on
            assert slot.deadline <= max(noons), due_on
            assert slot.stage == max(leads)

    @pytest.mark.parametrize("leads", [LEADS, (1, 0), (0,)])
    @pytest.mark.parametrize("law", ["cn", "us", "uk", "eu"])
    def test_a_first_stage_opens_before_its_lead_only_where_nobody_works_from_then_on(
        self, law: str, leads: tuple[int, ...]
    ) -> None:
        days = WorkingDays.of(law)
        for due_on, (today, slot) in first_slots(days, leads).items():
            assert today == opens_on(due_on, slot.stage, leads, days)
            usual = due_on - timedelta(days=max(leads))
            assert slot.early == (today < usual)
            if slot.early:
                idle = [today + timedelta(days=n) for n in range(1, (due_on - today).days + (not max(leads)))]
                assert not any(days.is_working_day(day) for day in idle)

    def test_no_stage_but_the_first_opens_early(self) -> None:
        in_the_festival = date(2026, 2, 23)
        opened = [opens_on(in_the_festival, stage, LEADS, CHINA) for stage in LEADS]
        assert opened == [date(2026, 2, day) for day in (14, 20, 22, 23)]


def first_slots(days: WorkingDays, leads: tuple[int, ...]) -> dict[date, tuple[date, Slot]]:
    """Of each due date of some years the day on which it first has a slot, at midnight, and that slot."""
    found: dict[date, tuple[date, Slot]] = {}
    first = date(2023, 12, 1)
    for today in (first + timedelta(days=number) for number in range(3 * 366)):
        midnight = datetime.combine(today, time.min, SHANGHAI[1])
        for slot in calendar.upcoming([SHANGHAI], midnight, HOURS, leads=leads, working_days=days):
            found.setdefault(slot.due_on, (today, slot))
    return {due_on: row for due_on, row in found.items() if due_on > date(2024, 1, 1)}


@given(instants, zones, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_what_is_late_never_leaves_outside_of_the_hours(now: datetime, zone: ZoneInfo, later: timedelta) -> None:
    hours = ContactHours(time(8), time(21))
    for slot in calendar.overdue([(zone.key, zone)], now, hours, stages=(1,)):
        prompt = Prompt(kind=Prompt.Kind.OVERDUE, deadline=slot.deadline)
        then = slot.moment + later
        leaves = lawful_moment(then, now=then, zone=zone, hours=hours, latest=prompt.latest).at
        assert hours.next_open(leaves, zone) == leaves


@given(instants, zones)
def test_channels_are_tried_for_what_is_late_until_the_same_hour_of_the_next_day(now: datetime, zone: ZoneInfo) -> None:
    slot = next(calendar.overdue([(zone.key, zone)], now, ContactHours()))
    began, ends = slot.moment.astimezone(zone), slot.deadline.astimezone(zone)
    assert slot.deadline > slot.moment
    if ends.date() == began.date() + timedelta(days=1):
        assert ends.time() == began.time()
