"""What an outage touches: by firm, product and currency, by each borrower's own days, and until when."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_agent, make_borrower
from loans import signals
from loans.models import Installment, Outage, OutageHold, Partner
from loans.outages import OverAlreadyError, declare_outage, end_outage, extend_outages, outage_of
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.positions import START

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = START.date()


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What the floors above are told of."""
    heard: list[list[int]] = []

    def send(sender: None, installment_ids: list[int], outage_id: int) -> None:
        heard.append(installment_ids)

    monkeypatch.setattr(signals.installments_held, "send", send)
    return heard


def make_due(days: int = 0, **loan: object) -> Installment:
    return make_installment(make_loan(make_borrower(), **loan), due_on=TODAY + days * DAY)


def declare(partner: Partner | None = None, **said: Any) -> Outage:
    defaults: dict[str, Any] = {"starts_at": START, "now": START, "reason": "Their switch is down."}
    return declare_outage(partner or make_bank(), **{**defaults, **said})


def touched() -> set[int]:
    return set(OutageHold.objects.values_list("installment_id", flat=True))


def test_what_falls_due_within_it_is_touched_and_what_falls_due_before_or_after_is_not() -> None:
    _before, first, last, _after = (make_due(days) for days in (-1, 0, 2, 3))
    outage = declare(ends_at=START + 2 * DAY)
    assert touched() == {first.pk, last.pk}
    assert {hold.held_until for hold in outage.holds.all()} == {START + 3 * DAY}


def test_what_waits_for_the_bank_is_touched_whenever_it_is_due() -> None:
    waiting = make_due(40)
    Installment.objects.filter(pk=waiting.pk).update(state="awaiting_bank")
    declare(ends_at=START + HOUR)
    assert touched() == {waiting.pk}


def test_what_is_paid_or_withdrawn_is_not_touched() -> None:
    for state in ("settled", "withdrawn"):
        Installment.objects.filter(pk=make_due().pk).update(state=state, outstanding=0, paid=100)
    declare()
    assert touched() == set()


def test_the_days_are_those_of_each_borrowers_calendar() -> None:
    """START is noon in Shanghai and the evening of the day before in Honolulu."""
    there = make_installment(make_loan(make_borrower(time_zone="Pacific/Honolulu")), due_on=TODAY - DAY)
    here = make_due(-1)
    declare(ends_at=START + HOUR)
    assert touched() == {there.pk}
    assert here.pk not in touched()


@pytest.mark.parametrize(
    ("scope", "fits"),
    [
        ({}, True),
        ({"product": "Phone plan"}, True),
        ({"product": "Fridge plan"}, False),
        ({"currency": "CNY"}, True),
        ({"currency": "EUR"}, False),
        ({"product": "Phone plan", "currency": "EUR"}, False),
    ],
)
def test_it_touches_what_its_scope_fits(scope: dict[str, Any], fits: bool) -> None:
    installment = make_due()
    declare(**scope)
    assert touched() == ({installment.pk} if fits else set())


def test_a_pair_of_firms_is_a_scope() -> None:
    other = Partner.objects.create(code="other", kind="platform", name="Other Mall")
    mine, theirs, alone = make_due(), make_due(platform=other), make_due(platform=None)
    declare(make_bank(), counterpart=other)
    assert touched() == {theirs.pk}
    declare(make_platform())
    assert touched() == {mine.pk, theirs.pk}
    declare(make_bank())
    assert touched() == {mine.pk, theirs.pk, alone.pk}


def test_without_an_end_it_touches_each_day_as_it_comes_until_it_is_ended(told: list[list[int]]) -> None:
    today, tomorrow, _later = make_due(0), make_due(1), make_due(2)
    outage = declare()
    assert touched() == {today.pk}
    assert extend_outages(START + HOUR) == 0
    assert extend_outages(START + DAY) == 1
    end_outage(outage.pk, now=START + DAY + HOUR, by=make_agent())
    assert set(OutageHold.objects.values_list("held_until", flat=True)) == {START + 2 * DAY + HOUR}
    assert extend_outages(START + 2 * DAY) == 0
    assert told == [[today.pk], [tomorrow.pk]]


def test_the_end_touches_what_the_last_sweep_had_not_seen() -> None:
    outage = declare()
    tomorrow = make_due(1)
    end_outage(outage.pk, now=START + DAY)
    assert touched() == {tomorrow.pk}


def test_it_ends_once() -> None:
    outage = declare()
    end_outage(outage.pk, now=START + HOUR)
    with pytest.raises(OverAlreadyError):
        end_outage(outage.pk, now=START + 2 * HOUR)
    assert Outage.objects.get().ends_at == START + HOUR
    with pytest.raises(Outage.DoesNotExist):
        end_outage(outage.pk + 1, now=START)


def test_one_that_ends_sooner_than_was_said_holds_no_longer_than_its_grace() -> None:
    make_due()
    outage = declare(ends_at=START + 5 * DAY, grace_hours=2)
    end_outage(outage.pk, now=START + HOUR)
    assert OutageHold.objects.get().held_until == START + 3 * HOUR


def test_one_that_is_called_off_before_it_begins_holds_nothing() -> None:
    make_due(3)
    outage = declare(starts_at=START + 3 * DAY, ends_at=START + 4 * DAY)
    assert OutageHold.objects.in_force(START).count() == 1
    end_outage(outage.pk, now=START + HOUR)
    assert not OutageHold.objects.in_force(START + HOUR).exists()


def test_one_that_was_called_off_touches_nobody_any_more(told: list[list[int]]) -> None:
    outage = declare(starts_at=START + 3 * DAY, ends_at=START + 4 * DAY)
    end_outage(outage.pk, now=START + HOUR)
    make_due(3)
    assert extend_outages(START + 2 * HOUR) == 0
    assert told == []
    assert not Outage.objects.not_over(START + 2 * HOUR).exists()
    with pytest.raises(OverAlreadyError):
        end_outage(outage.pk, now=START + 2 * HOUR)


def test_one_that_is_declared_when_it_is_over_is_listed_and_nobody_is_told(told: list[list[int]]) -> None:
    installment = make_due(-9)
    declare(starts_at=START - 10 * DAY, ends_at=START - 8 * DAY)
    assert touched() == {installment.pk}
    assert told == []


def test_a_partner_that_declares_it_twice_declares_it_once() -> None:
    first = declare(reference="INC-7")
    again = declare(reference="INC-7", reason="Something else.")
    assert (first, first.reason) == (again, again.reason)
    assert outage_of(make_bank(), "INC-7") == first
    with pytest.raises(Outage.DoesNotExist):
        outage_of(make_platform(), "INC-7")


@pytest.mark.parametrize("said", [{"reason": " "}, {"ends_at": START - HOUR}])
def test_without_a_reason_or_with_its_end_before_its_start_it_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs a reason|ends after"):
        declare(**said)
    assert not Outage.objects.exists()


def test_it_costs_the_same_however_many_it_touches() -> None:
    def cost(count: int) -> int:
        OutageHold.objects.all().delete()
        Outage.objects.all().delete()
        loan = make_loan()
        for _place in range(count):
            make_installment(loan, due_on=TODAY)
        with CaptureQueriesContext(connection) as ran:
            outage = declare()
            extend_outages(START + HOUR)
            end_outage(outage.pk, now=START + 2 * HOUR)
        return len(ran)

    assert cost(1) == cost(12)
