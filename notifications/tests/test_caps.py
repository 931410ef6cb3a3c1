"""How often a person may be told."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.caps import next_allowed, week_after
from notifications.policy import Cap, Citation, CoolOff, HoursRule, Mark, Policy, Purpose
from notifications.tests.zones import APIA, LONDON, NEW_YORK, SHANGHAI, ST_JOHNS, instants, zones
from notifications.timing import ContactHours, local_day

CITED = Citation("a law", Mark.PRIMARY, date(2000, 1, 1))
HOURS = HoursRule("xx/collection/hours", CITED, ContactHours())


def cap(span: str, most: int, channel: str = "voice") -> Cap:
    return Cap(f"xx/collection/caps/{channel}/{span}", CITED, channel, span, most)


def policy(*caps: Cap, cool_off: int = 0) -> Policy:
    pauses = (CoolOff("xx/collection/cool_off/voice", CITED, "voice", cool_off),) if cool_off else ()
    return Policy("xx", Purpose.COLLECTION, date(2026, 1, 1), HOURS, caps, pauses)


def at(*when: int, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime(*when, tzinfo=zone)  # type: ignore[arg-type,misc]


class TestACapOfADay:
    THREE = policy(cap("day", 3))
    TODAY = (at(2026, 12, 2, 9), at(2026, 12, 2, 11), at(2026, 12, 2, 15))

    def test_leaves_room_until_it_is_reached(self) -> None:
        assert next_allowed(self.THREE, "voice", self.TODAY[:2], zone=NEW_YORK, now=at(2026, 12, 2, 16)) is None

    def test_then_holds_until_the_next_day_opens(self) -> None:
        held = next_allowed(self.THREE, "voice", self.TODAY, zone=NEW_YORK, now=at(2026, 12, 2, 16))
        assert held is not None
        assert (held.at, held.rule) == (at(2026, 12, 3, 8), self.THREE.caps[0])

    def test_counts_the_borrowers_own_day(self) -> None:
        contacts = [moment.astimezone(UTC) for moment in self.TODAY]
        evening = at(2026, 12, 2, 21)
        assert evening.astimezone(UTC).date() == date(2026, 12, 3)
        assert next_allowed(self.THREE, "voice", contacts, zone=NEW_YORK, now=evening) is not None

    def test_counts_what_is_planned_for_later_today(self) -> None:
        held = next_allowed(self.THREE, "voice", self.TODAY, zone=NEW_YORK, now=at(2026, 12, 2, 10))
        assert held is not None

    def test_holds_no_other_channel(self) -> None:
        assert next_allowed(self.THREE, "sms", self.TODAY, zone=NEW_YORK, now=at(2026, 12, 2, 16)) is None

    def test_is_waited_over_a_day_that_the_calendar_leaves_out(self) -> None:
        contacts = [at(2011, 12, 29, hour, zone=APIA) for hour in (9, 10, 11)]
        held = next_allowed(self.THREE, "voice", contacts, zone=APIA, now=at(2011, 12, 29, 12, zone=APIA))
        assert held is not None
        assert held.at.astimezone(APIA) == at(2011, 12, 31, 8, zone=APIA)


class TestACapOfAWeek:
    SEVEN = policy(cap("week", 7))
    WEEK = tuple(at(2026, 12, day, 10) for day in range(1, 8))

    def test_holds_until_the_oldest_contact_leaves_it(self) -> None:
        held = next_allowed(self.SEVEN, "voice", self.WEEK, zone=NEW_YORK, now=at(2026, 12, 7, 16))
        assert held is not None
        assert (held.at, held.rule.subject) == (at(2026, 12, 8, 10), "xx/collection/caps/voice/week")

    def test_leaves_room_where_one_has_left(self) -> None:
        assert next_allowed(self.SEVEN, "voice", self.WEEK, zone=NEW_YORK, now=at(2026, 12, 8, 10)) is None

    def test_holds_until_morning_where_the_oldest_leaves_at_night(self) -> None:
        week = [at(2026, 12, 1, 23), *self.WEEK[1:]]
        held = next_allowed(self.SEVEN, "voice", week, zone=NEW_YORK, now=at(2026, 12, 7, 16))
        assert held is not None
        assert held.at == at(2026, 12, 9, 8)

    def test_waits_for_several_where_more_were_made_than_allowed(self) -> None:
        held = next_allowed(policy(cap("week", 5)), "voice", self.WEEK, zone=NEW_YORK, now=at(2026, 12, 7, 16))
        assert held is not None
        assert held.at == at(2026, 12, 10, 10)

    def test_is_seven_days_of_the_borrowers_clock(self) -> None:
        before_the_change = at(2026, 10, 24, 10, zone=LONDON)
        assert week_after(before_the_change, LONDON) == at(2026, 10, 31, 10, zone=LONDON)
        assert week_after(before_the_change, LONDON) - before_the_change == timedelta(days=7, hours=1)

    def test_a_cap_of_the_day_may_hold_longer_than_that_of_the_week(self) -> None:
        both = policy(cap("day", 2), cap("week", 3))
        contacts = [at(2026, 12, 1, 12), at(2026, 12, 8, 9), at(2026, 12, 8, 10)]
        held = next_allowed(both, "voice", contacts, zone=NEW_YORK, now=at(2026, 12, 8, 11))
        assert held is not None
        assert (held.at, held.rule) == (at(2026, 12, 9, 8), both.caps[0])


def test_a_midnight_that_comes_twice_begins_its_day_at_the_second() -> None:
    always = replace(policy(cap("day", 1)), hours=HoursRule("xx/hours", CITED, ContactHours.parse("00:00-24:00")))
    evening, again = (at(2010, 11, 6, 23, 30, zone=ST_JOHNS).replace(fold=fold) for fold in (0, 1))
    held = next_allowed(always, "voice", [evening], zone=ST_JOHNS, now=again)
    assert held is not None
    assert held.at == datetime(2010, 11, 7, 0, 0, tzinfo=ST_JOHNS, fold=1).astimezone(UTC)


class TestAConversation:
    QUIET = policy(cool_off=7)

    def test_is_followed_by_seven_days_of_which_its_own_is_the_first(self) -> None:
        spoken = at(2026, 12, 1, 20)
        held = next_allowed(self.QUIET, "voice", [], zone=NEW_YORK, now=at(2026, 12, 7, 20, 30), conversation=spoken)
        assert held is not None
        assert (held.at, held.rule) == (at(2026, 12, 8, 8), self.QUIET.cool_offs[0])

    def test_is_forgotten_on_the_eighth(self) -> None:
        spoken, now = at(2026, 12, 1, 20), at(2026, 12, 8, 8)
        assert next_allowed(self.QUIET, "voice", [], zone=NEW_YORK, now=now, conversation=spoken) is None


@st.composite
def histories(draw: st.DrawFn) -> tuple[datetime, list[datetime]]:
    now = draw(instants)
    backs = draw(st.lists(st.timedeltas(-timedelta(hours=12), timedelta(days=8)), max_size=14))
    return now, [now - back for back in backs]


limits = st.tuples(st.integers(1, 4), st.integers(4, 9), st.integers(0, 9))
opening_hours = st.sampled_from(["08:00-22:00", "00:00-24:00", "01:30-24:00"]).map(ContactHours.parse)


@given(histories(), zones, limits, opening_hours, st.booleans())
def test_at_the_moment_returned_every_cap_holds(
    history: tuple[datetime, list[datetime]],
    zone: ZoneInfo,
    limits: tuple[int, int, int],
    hours: ContactHours,
    spoke: bool,
) -> None:
    now, contacts = history
    day, week, cool_off = limits
    rules = replace(
        policy(cap("day", day), cap("week", week), cool_off=cool_off), hours=HoursRule("xx/hours", CITED, hours)
    )
    conversation = min(contacts, default=None) if spoke else None
    held = next_allowed(rules, "voice", contacts, zone=zone, now=now, conversation=conversation)
    moment = held.at if held else now
    assert sum(local_day(contact, zone) == local_day(moment, zone) for contact in contacts) < day
    assert sum(moment < week_after(contact, zone) for contact in contacts) < week
    if conversation and cool_off:
        assert local_day(moment, zone) >= local_day(conversation, zone) + timedelta(days=cool_off)
    if held:
        assert held.at > now
        assert hours.next_open(held.at, zone) == held.at
        assert next_allowed(rules, "voice", contacts, zone=zone, now=held.at, conversation=conversation) is None
        earlier = held.at - timedelta(minutes=2)
        if earlier >= now and hours.next_open(earlier, zone) == earlier:
            assert next_allowed(rules, "voice", contacts, zone=zone, now=earlier, conversation=conversation)


@given(histories(), zones)
def test_without_a_cap_nothing_is_held(history: tuple[datetime, list[datetime]], zone: ZoneInfo) -> None:
    now, contacts = history
    assert next_allowed(policy(), "voice", contacts, zone=zone, now=now, conversation=now) is None


@pytest.mark.parametrize("most", [1, 3])
def test_hours_of_the_policy_decide_when_the_day_opens(most: int) -> None:
    late_riser = replace(
        policy(cap("day", most)), hours=HoursRule("xx/hours", CITED, ContactHours.parse("10:00-20:00"))
    )
    contacts = [at(2026, 12, 2, 11, zone=SHANGHAI)] * most
    held = next_allowed(late_riser, "voice", contacts, zone=SHANGHAI, now=contacts[0] + timedelta(hours=1))
    assert held is not None
    assert held.at == at(2026, 12, 3, 10, zone=SHANGHAI)
