"""Outages that firms declare and end by events."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loans.intake.events.catalogue import CATALOGUE
from loans.intake.records import Code
from loans.models import Event, Installment, Outage
from loans.tests.factories import make_bank, make_platform
from loans.tests.pushing import about, make_key, told

pytestmark = pytest.mark.django_db
State = Installment.State
Status = Event.Status


@pytest.fixture
def bank() -> str:
    return make_key(make_bank())


@pytest.fixture
def platform() -> str:
    return make_key(make_platform())


APPLIED, UNCHANGED = (Status.APPLIED, ""), (Status.UNCHANGED, "")


def test_an_outage_that_a_firm_declares_holds_until_it_says_that_it_is_over(bank: str) -> None:
    begun = (timezone.now() - timedelta(minutes=5)).isoformat()
    declared = about("outage.declared", outage="INC-1", starts_at=begun, ends_at=None)
    declared["data"].pop("ends_at")
    assert told("harbour", bank, declared) == [APPLIED]
    outage = Outage.objects.get()
    assert (outage.partner.code, outage.reference, outage.ends_at, outage.declared_by) == (
        "harbour",
        "INC-1",
        None,
        None,
    )
    assert outage.reason == CATALOGUE["outage.declared", 1].example["reason"]
    again = about("outage.declared", outage="INC-1", starts_at=begun, reason="Other words.")
    again["data"].pop("ends_at")
    assert told("harbour", bank, again) == [UNCHANGED]
    assert told("harbour", bank, about("outage.ended", outage="INC-1")) == [APPLIED]
    assert told("harbour", bank, about("outage.ended", outage="INC-1")) == [UNCHANGED]
    outage.refresh_from_db()
    assert outage.ends_at is not None
    assert outage.reason == CATALOGUE["outage.declared", 1].example["reason"]


def outage_from(start: timedelta, lasts: timedelta | None = None) -> dict[str, Any]:
    """INC-1, from so long after now."""
    starts_at = timezone.now() + start
    said = about("outage.declared", outage="INC-1", starts_at=starts_at.isoformat())
    said["data"] |= {"ends_at": (starts_at + lasts).isoformat()} if lasts else {}
    if not lasts:
        said["data"].pop("ends_at")
    return said | {"occurred_at": timezone.now().isoformat()}


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "lasts", "plausible"),
    [
        (-30 * DAY, None, True),
        (-32 * DAY, None, False),
        (-32 * DAY, 2 * DAY, False),
        (-DAY, 31 * DAY, True),
        (-DAY, 32 * DAY, False),
        (-20000 * DAY, 70000 * DAY, False),
    ],
)
def test_an_outage_of_a_wrong_year_is_kept_and_holds_nothing(
    bank: str, start: timedelta, lasts: timedelta | None, plausible: bool
) -> None:
    outcome = APPLIED if plausible else (Status.KEPT, Code.IMPLAUSIBLE_DATE)
    assert told("harbour", bank, outage_from(start, lasts)) == [outcome]
    assert Outage.objects.count() == plausible
    if not plausible:
        assert "declare it again" in Event.objects.latest("pk").reason


def test_an_outage_without_an_end_is_not_believed_by_an_event_that_claims_to_be_as_old(bank: str) -> None:
    said = outage_from(-400 * DAY) | {"occurred_at": (timezone.now() - 399 * DAY).isoformat()}
    assert told("harbour", bank, said) == [(Status.KEPT, Code.IMPLAUSIBLE_DATE)]


def test_an_end_that_has_not_come_ends_nothing(bank: str) -> None:
    told("harbour", bank, outage_from(-DAY))
    later = about("outage.ended", outage="INC-1", ended_at=(timezone.now() + DAY).isoformat())
    assert told("harbour", bank, later) == [(Status.KEPT, Code.IMPLAUSIBLE_DATE)]
    assert Outage.objects.get().ends_at is None
    now = about("outage.ended", outage="INC-1", ended_at=(timezone.now() - HOUR).isoformat())
    assert told("harbour", bank, now) == [APPLIED]
    ends_at = Outage.objects.get().ends_at
    assert ends_at is not None
    assert timezone.now() - ends_at < HOUR


def test_the_end_of_an_outage_that_nobody_declared_is_refused(bank: str, platform: str) -> None:
    assert told("harbour", bank, outage_from(-DAY)) == [APPLIED]
    assert told("lantern", platform, about("outage.ended", outage="INC-1")) == [(Status.REFUSED, Code.ORDER)]
