"""Who may be on any of several clocks is told while it is day on all of them."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.models.user import DEFAULT_TIME_ZONE, zone_of
from accounts.tests.factories import make_borrower
from accounts.zones import GuessedZone, clocks_of, guessed_zone
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.clock import Clock
from notifications.models import Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.states import Status
from notifications.tests.factories import make_delivery, make_prompt
from notifications.tests.zones import NEW_YORK, instants
from notifications.timing import ContactHours

PHONES = {
    "CN": "+8613800138000",
    "US": "+12125550123",
    "ES": "+34612345678",
    "PT": "+351912345678",
    "BR": "+5511961234567",
    "AU": "+61412345678",
    "CL": "+56961234567",
    "RU": "+79161234567",
}
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
SUMMER = datetime(2026, 7, 15, 3, 0, tzinfo=NEW_YORK)
EIGHT_IN_THE_WEST = datetime(2026, 7, 15, 8, 0, tzinfo=LOS_ANGELES)


def american(**fields: Any) -> User:
    zone = guessed_zone("+12125550123", DEFAULT_TIME_ZONE)
    return make_borrower(**({"jurisdiction": "us", "time_zone": zone} | fields))


def due(borrower: User) -> None:
    make_installment(make_loan(borrower), due_on=date(2026, 7, 18))


@pytest.mark.django_db
def test_an_american_without_a_zone_is_planned_for_when_it_is_day_from_coast_to_coast() -> None:
    due(american())
    plan_upcoming(Clock(SUMMER))
    sms = Delivery.objects.get(channel="sms")
    assert sms.next_attempt_at == EIGHT_IN_THE_WEST
    assert sms.held_by.startswith("us/service/hours/")


@pytest.mark.django_db
def test_one_whose_zone_is_known_is_told_from_eight_on_their_own_clock() -> None:
    due(american(time_zone="America/New_York"))
    plan_upcoming(Clock(SUMMER))
    assert Delivery.objects.get(channel="sms").next_attempt_at == datetime(2026, 7, 15, 8, 0, tzinfo=NEW_YORK)


@pytest.mark.django_db
@pytest.mark.parametrize(("hour", "goes"), [(10, False), (11, True), (20, True), (21, False)])
def test_a_message_that_is_claimed_waits_as_well(hour: int, goes: bool) -> None:
    loan = make_loan(american())
    installment = make_installment(loan, due_on=date(2026, 7, 18))
    sms = make_delivery(make_prompt(installment, kind=Prompt.Kind.PAYMENT_SETTLED))
    now = datetime(2026, 7, 15, hour, 30, tzinfo=NEW_YORK)
    Delivery.objects.update(next_attempt_at=now)
    dispatch.dispatch("sms", clock=lambda: now)
    sms.refresh_from_db()
    assert bool(sms.held_by) is not goes
    assert (sms.status == Status.RETRYING and sms.next_attempt_at > now) or goes


# From this year on: of years gone by nobody is told, and Chile had other clocks then.
@given(
    instants.filter(lambda now: now.year >= 2026),
    st.sampled_from(["CN", "US", "ES", "PT", "BR", "AU", "CL", "RU"]),
    st.integers(0, 24 * 60),
)
def test_at_every_moment_of_its_hours_it_is_day_on_every_clock_of_a_guessed_zones_country(
    now: datetime, country: str, later: int
) -> None:
    zone = zone_of(guessed_zone(PHONES[country], DEFAULT_TIME_ZONE))[0]
    hours, _rule = Clock(now, ContactHours.parse("08:00-21:00")).hours_for("us", "upcoming", zone)
    told = hours.next_open(now + timedelta(minutes=later), zone)
    hours, _rule = Clock(told, ContactHours.parse("08:00-21:00")).hours_for("us", "upcoming", zone)
    told = hours.next_open(told, zone)
    for clock in clocks_of(country):
        assert 8 <= told.astimezone(ZoneInfo(clock)).hour < 21


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        ("08:00-21:00", "11:00-21:00"),
        ("00:00-24:00", "00:00-24:00"),  # at any hour is at any hour
        ("09:00-11:00", "10:00-11:00"),  # never open on all clocks: the last hour
        ("10:00-10:30", "10:00-10:30"),
        ("20:00-24:00", "23:00-24:00"),
    ],
)
def test_what_is_left_of_the_hours_of_a_guess(hours: str, left: str) -> None:
    clock = Clock(SUMMER, ContactHours.parse(hours))
    assert str(clock.hours_for("us", "upcoming", GuessedZone("America/New_York"))[0]) == left
    assert str(clock.hours_for("us", "upcoming", NEW_YORK)[0]) == hours
    assert str(clock.hours_for("cn", "upcoming", GuessedZone(DEFAULT_TIME_ZONE))[0]) == hours
