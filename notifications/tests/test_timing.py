"""When a person may be told something."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.tests.zones import (
    APIA,
    CASABLANCA,
    KATHMANDU,
    LONDON,
    LORD_HOWE,
    NEW_YORK,
    SAO_PAULO,
    SHANGHAI,
    ST_JOHNS,
    instants,
    zones,
)
from notifications.timing import END_OF_DAY, SHORTEST, ContactHours, Moment, Why, at_local, lawful_moment, local_day

DAYTIME = ContactHours()
everywhere = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))
some_hours = st.tuples(minutes, minutes | st.just(END_OF_DAY)).filter(
    lambda pair: datetime.combine(date.min, pair[1]) - datetime.combine(date.min, pair[0]) >= SHORTEST
)
hours_of_any_length = some_hours.map(lambda pair: ContactHours(*pair))
spans = st.timedeltas(-timedelta(days=3), timedelta(days=3))


def is_open(moment: datetime, zone: ZoneInfo, hours: ContactHours) -> bool:
    """What the clock on the borrower's wall says, and nothing of how it is computed."""
    wall = moment.astimezone(zone).time()
    return hours.opens <= wall and (hours.closes == END_OF_DAY or wall < hours.closes)


@st.composite
def wishes(draw: st.DrawFn) -> tuple[datetime, datetime, datetime | None, datetime | None]:
    """Wanted, now, latest and known_at, within a few days of each other."""
    now = draw(instants)
    latest = now + draw(spans) if draw(st.booleans()) else None
    known_at = now + draw(spans) if draw(st.booleans()) else None
    return now + draw(spans), now, latest, known_at


class TestEveryMoment:
    @given(wishes(), zones, hours_of_any_length)
    def test_is_within_the_hours_unless_it_says_so(
        self, wish: tuple[datetime, ...], zone: ZoneInfo, hours: ContactHours
    ) -> None:
        wanted, now, latest, known_at = wish
        moment = lawful_moment(wanted, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        assert is_open(moment.at, zone, hours) or moment.why is Why.ODD_HOUR
        assert moment.at.tzinfo is UTC

    @given(wishes(), zones, hours_of_any_length)
    def test_is_never_in_the_past_nor_before_it_was_known(
        self, wish: tuple[datetime, ...], zone: ZoneInfo, hours: ContactHours
    ) -> None:
        wanted, now, latest, known_at = wish
        moment = lawful_moment(wanted, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        assert moment.at >= max(now, known_at or now)

    @given(wishes(), zones, hours_of_any_length)
    def test_never_passes_the_latest_unless_that_had_passed_already(
        self, wish: tuple[datetime, ...], zone: ZoneInfo, hours: ContactHours
    ) -> None:
        wanted, now, latest, known_at = wish
        moment = lawful_moment(wanted, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        if latest is not None and latest >= max(now, known_at or now):
            assert moment.at <= latest
        else:
            assert moment.why in {Why.AS_WANTED, Why.HELD}

    @given(wishes(), spans, zones, hours_of_any_length)
    def test_does_not_change_places_with_another(
        self, wish: tuple[datetime, ...], later: timedelta, zone: ZoneInfo, hours: ContactHours
    ) -> None:
        wanted, now, latest, known_at = wish
        first, second = sorted([wanted, wanted + later])
        earlier = lawful_moment(first, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        after = lawful_moment(second, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        assert earlier.at <= after.at

    @given(wishes(), zones, hours_of_any_length)
    def test_stays_where_it_is_when_asked_for_again(
        self, wish: tuple[datetime, ...], zone: ZoneInfo, hours: ContactHours
    ) -> None:
        wanted, now, latest, known_at = wish
        moment = lawful_moment(wanted, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        again = lawful_moment(moment.at, now=now, zone=zone, hours=hours, latest=latest, known_at=known_at)
        assert again.at == moment.at
        assert again.why is (Why.ODD_HOUR if moment.why is Why.ODD_HOUR else Why.AS_WANTED)

    @given(instants, zones)
    def test_is_held_no_longer_than_the_hours_ask_for(self, wanted: datetime, zone: ZoneInfo) -> None:
        moment = lawful_moment(wanted, now=wanted, zone=zone, hours=DAYTIME)
        waiting = range(int((moment.at - wanted) / timedelta(minutes=1)))
        assert not any(is_open(wanted + timedelta(minutes=1 + minute), zone, DAYTIME) for minute in waiting[:-1])
        assert moment.at - wanted <= timedelta(hours=35)

    @given(wishes(), zones)
    def test_is_the_one_wanted_where_the_hours_never_close(self, wish: tuple[datetime, ...], zone: ZoneInfo) -> None:
        wanted, now, _latest, known_at = wish
        always = ContactHours.parse("00:00-24:00")
        moment = lawful_moment(wanted, now=now, zone=zone, hours=always, known_at=known_at)
        assert moment == Moment(max(wanted, now, known_at or now), Why.AS_WANTED)

    @given(instants, st.timedeltas(timedelta(0), timedelta(days=3)), everywhere, hours_of_any_length)
    def test_can_be_found_in_every_zone_there_is(
        self, now: datetime, left: timedelta, zone: ZoneInfo, hours: ContactHours
    ) -> None:
        moment = lawful_moment(now, now=now, zone=zone, hours=hours, latest=now + left)
        assert now <= moment.at <= now + left
        assert is_open(moment.at, zone, hours) or moment.why is Why.ODD_HOUR


class TestHolding:
    def test_a_prompt_wanted_at_noon_goes_out_at_noon(self) -> None:
        noon = datetime(2026, 12, 2, 12, 0, tzinfo=SHANGHAI)
        assert lawful_moment(noon, now=noon, zone=SHANGHAI, hours=DAYTIME) == Moment(noon, Why.AS_WANTED)

    def test_one_wanted_at_night_waits_until_eight(self) -> None:
        night = datetime(2026, 12, 2, 23, 30, tzinfo=SHANGHAI)
        eight = datetime(2026, 12, 3, 8, 0, tzinfo=SHANGHAI)
        assert lawful_moment(night, now=night, zone=SHANGHAI, hours=DAYTIME) == Moment(eight, Why.HELD)

    @pytest.mark.parametrize("clock", [time(21, 59, 1), time(22)])
    def test_in_the_last_minute_the_hours_are_over(self, clock: time) -> None:
        closing = datetime.combine(date(2026, 12, 2), clock, SHANGHAI)
        assert lawful_moment(closing, now=closing, zone=SHANGHAI, hours=DAYTIME).at.astimezone(SHANGHAI).day == 3

    def test_the_night_of_new_year_is_one_night(self) -> None:
        night = datetime(2026, 12, 31, 22, 30, tzinfo=SHANGHAI)
        moment = lawful_moment(night, now=night, zone=SHANGHAI, hours=DAYTIME)
        assert moment.at == datetime(2027, 1, 1, 8, 0, tzinfo=SHANGHAI)

    def test_the_leap_day_opens_like_any_other(self) -> None:
        night = datetime(2028, 2, 28, 23, 0, tzinfo=KATHMANDU)
        moment = lawful_moment(night, now=night, zone=KATHMANDU, hours=DAYTIME)
        assert moment.at == datetime(2028, 2, 29, 2, 15, tzinfo=UTC)

    def test_a_day_that_the_calendar_leaves_out_is_waited_over(self) -> None:
        night = datetime(2011, 12, 29, 23, 0, tzinfo=APIA)
        moment = lawful_moment(night, now=night, zone=APIA, hours=DAYTIME)
        assert moment.at.astimezone(APIA) == datetime(2011, 12, 31, 8, 0, tzinfo=APIA)
        assert moment.at - night == timedelta(hours=9)

    def test_a_short_night_is_an_hour_shorter(self) -> None:
        night = datetime(2026, 3, 28, 22, 0, tzinfo=LONDON)
        moment = lawful_moment(night, now=night, zone=LONDON, hours=DAYTIME)
        assert moment.at == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)

    def test_an_hour_that_comes_twice_opens_at_the_second_time(self) -> None:
        from_half_past = ContactHours(time(1, 30), time(22))
        first, second = (datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1))
        assert lawful_moment(first, now=first, zone=LONDON, hours=from_half_past) == Moment(second, Why.HELD)

    def test_an_evening_that_comes_twice_is_over_after_the_first_time(self) -> None:
        until_half_past, tomorrow = ContactHours(time(8), time(23, 30)), datetime(2010, 11, 7, 8, 0, tzinfo=ST_JOHNS)
        first, second = (datetime(2010, 11, 6, 23, 10, tzinfo=ST_JOHNS, fold=fold) for fold in (0, 1))
        assert lawful_moment(first, now=first, zone=ST_JOHNS, hours=until_half_past).at == first.astimezone(UTC)
        assert lawful_moment(second, now=second, zone=ST_JOHNS, hours=until_half_past).at == tomorrow.astimezone(UTC)

    def test_what_was_wanted_yesterday_goes_out_now(self) -> None:
        now = datetime(2026, 12, 2, 12, 0, tzinfo=SHANGHAI)
        moment = lawful_moment(now - timedelta(days=1), now=now, zone=SHANGHAI, hours=DAYTIME)
        assert moment == Moment(now, Why.AS_WANTED)

    def test_nothing_goes_out_before_it_was_known(self) -> None:
        now, known_at = (datetime(2026, 12, 2, hour, 0, tzinfo=SHANGHAI) for hour in (9, 11))
        moment = lawful_moment(now, now=now, zone=SHANGHAI, hours=DAYTIME, known_at=known_at)
        assert moment == Moment(known_at, Why.AS_WANTED)


class TestTheLatestMoment:
    NOON = datetime(2026, 3, 7, 12, 0, tzinfo=NEW_YORK)
    NIGHT = datetime(2026, 3, 8, 3, 30, tzinfo=NEW_YORK)

    def test_what_can_still_be_held_is_held(self) -> None:
        latest = datetime(2026, 3, 8, 8, 0, tzinfo=NEW_YORK)
        moment = lawful_moment(self.NIGHT, now=self.NOON, zone=NEW_YORK, hours=DAYTIME, latest=latest)
        assert moment == Moment(latest, Why.HELD)

    def test_what_cannot_goes_out_the_evening_before(self) -> None:
        latest = datetime(2026, 3, 8, 7, 59, tzinfo=NEW_YORK)
        moment = lawful_moment(self.NIGHT, now=self.NOON, zone=NEW_YORK, hours=DAYTIME, latest=latest)
        assert moment == Moment(datetime(2026, 3, 7, 21, 59, tzinfo=NEW_YORK), Why.EARLIER)

    def test_in_the_last_minute_of_that_evening_the_hour_is_not_odd(self) -> None:
        now = datetime(2026, 3, 7, 21, 59, tzinfo=NEW_YORK)
        latest = datetime(2026, 3, 8, 7, 0, tzinfo=NEW_YORK)
        moment = lawful_moment(self.NIGHT, now=now, zone=NEW_YORK, hours=DAYTIME, latest=latest)
        assert moment == Moment(now, Why.EARLIER)

    def test_when_the_evening_is_over_it_goes_out_at_once(self) -> None:
        now = datetime(2026, 3, 7, 22, 30, tzinfo=NEW_YORK)
        latest = datetime(2026, 3, 8, 7, 0, tzinfo=NEW_YORK)
        moment = lawful_moment(self.NIGHT, now=now, zone=NEW_YORK, hours=DAYTIME, latest=latest)
        assert moment == Moment(now, Why.ODD_HOUR)

    def test_what_was_only_known_at_night_goes_out_when_it_is_known(self) -> None:
        known_at = datetime(2026, 3, 8, 1, 0, tzinfo=NEW_YORK)
        moment = lawful_moment(
            self.NIGHT, now=self.NOON, zone=NEW_YORK, hours=DAYTIME, latest=self.NIGHT, known_at=known_at
        )
        assert moment == Moment(known_at, Why.ODD_HOUR)

    def test_what_was_wanted_after_it_is_brought_forward(self) -> None:
        latest = datetime(2026, 3, 7, 15, 0, tzinfo=NEW_YORK)
        moment = lawful_moment(self.NIGHT, now=self.NOON, zone=NEW_YORK, hours=DAYTIME, latest=latest)
        assert moment == Moment(latest, Why.EARLIER)

    def test_what_is_late_in_any_case_wakes_nobody(self) -> None:
        moment = lawful_moment(self.NIGHT, now=self.NIGHT, zone=NEW_YORK, hours=DAYTIME, latest=self.NOON)
        assert moment == Moment(datetime(2026, 3, 8, 8, 0, tzinfo=NEW_YORK), Why.HELD)


class TestLocalTime:
    def test_today_is_the_borrowers_own_calendar_day(self) -> None:
        instant = datetime(2024, 2, 28, 17, 0, tzinfo=UTC)
        assert local_day(instant, SHANGHAI) == date(2024, 2, 29)
        assert local_day(instant, NEW_YORK) == date(2024, 2, 28)

    @pytest.mark.parametrize(
        ("day", "clock", "zone", "after_the_gap"),
        [
            (date(2026, 3, 29), time(2, 30), ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
            (date(2026, 10, 4), time(2, 10), LORD_HOWE, datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
            (date(2018, 11, 4), time(0, 0), SAO_PAULO, datetime(2018, 11, 4, 3, 0, tzinfo=UTC)),
            (date(2011, 12, 30), time(12, 0), APIA, datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
            (date(2026, 3, 22), time(2, 59, 59, 5), CASABLANCA, datetime(2026, 3, 22, 2, 0, tzinfo=UTC)),
        ],
    )
    def test_a_time_that_the_clocks_skip_is_the_first_moment_after_the_gap(
        self, day: date, clock: time, zone: ZoneInfo, after_the_gap: datetime
    ) -> None:
        assert at_local(day, clock, zone) == at_local(day, clock, zone, last=True) == after_the_gap

    @pytest.mark.parametrize(
        ("day", "clock", "zone", "apart"),
        [
            (date(2026, 10, 25), time(1, 30), LONDON, timedelta(hours=1)),
            (date(2026, 4, 5), time(1, 45), LORD_HOWE, timedelta(minutes=30)),
            (date(2018, 2, 17), time(23, 30), SAO_PAULO, timedelta(hours=1)),
            (date(2026, 2, 15), time(2, 30), CASABLANCA, timedelta(hours=1)),
        ],
    )
    def test_a_time_that_comes_twice_is_the_first_one_unless_asked(
        self, day: date, clock: time, zone: ZoneInfo, apart: timedelta
    ) -> None:
        first, second = at_local(day, clock, zone), at_local(day, clock, zone, last=True)
        assert second - first == apart
        assert {moment.astimezone(zone).replace(tzinfo=None) for moment in (first, second)} == {
            datetime.combine(day, clock)
        }

    @given(st.dates(date(2000, 1, 1), date(2035, 12, 31)), st.times(), everywhere)
    def test_a_local_time_is_the_first_moment_at_which_the_clock_shows_it_or_more(
        self, day: date, clock: time, zone: ZoneInfo
    ) -> None:
        wall, moment = datetime.combine(day, clock), at_local(day, clock, zone)
        just_before = moment - timedelta(microseconds=1)
        assert moment.astimezone(zone).replace(tzinfo=None) >= wall
        assert just_before.astimezone(zone).replace(tzinfo=None) < wall
        assert at_local(day, clock, zone, last=True) >= moment
