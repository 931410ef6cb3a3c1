"""Whom a message has reached is nobody's alarm, though nothing has looked at their ladder since."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.tests.factories import make_borrower
from loans.models import Installment, Payment
from notifications.coverage import check_coverage
from notifications.ladder import FAULTY
from notifications.models import Prompt
from notifications.tests.bundles import make_pair
from notifications.tests.factories import NOON, TODAY, clock, facts, make_delivery, make_due, make_prompt
from notifications.wording.facts import FactItem

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def row() -> Installment:
    return make_due(make_borrower())


def stood_still(row: Installment, **fields: Any) -> Prompt:
    """Its ladder was to be looked at an hour ago."""
    return make_prompt(row, stage=0, look_again_at=NOON - HOUR, **fields)


@pytest.mark.parametrize(
    ("status", "alarms"), [("delivered", 0), ("sent", 1), ("unconfirmed", 1), ("failed", 1), ("queued", 1)]
)
@pytest.mark.parametrize("channel", ["sms", "in_app"])
def test_what_arrived_before_the_ladders_stood_still_covers(
    row: Installment, channel: str, status: str, alarms: int
) -> None:
    make_delivery(stood_still(row), channel, status=status)
    assert check_coverage(clock()) == alarms


def test_the_alarm_closes_when_it_arrives_though_no_ladder_is_looked_at(row: Installment) -> None:
    prompt = stood_still(row)
    delivery = make_delivery(prompt, "sms", status="sent", sent_at=NOON - HOUR)
    assert check_coverage(clock()) == 1
    type(delivery).objects.update(status="delivered", delivered_at=NOON)
    assert check_coverage(clock()) == 0


def test_so_does_one_whose_ladder_cannot_be_looked_at(row: Installment) -> None:
    make_delivery(stood_still(row, reason=FAULTY), "sms", status="delivered")
    assert check_coverage(clock()) == 0


@pytest.mark.parametrize("what", ["of other figures", "taken back"])
def test_what_says_nothing_of_what_is_owed_now_covers_nobody(row: Installment, what: str) -> None:
    fields = {"version": 2} if what == "of other figures" else {"voided_at": NOON}
    make_delivery(stood_still(row, **fields), "sms", status="delivered")
    assert check_coverage(clock()) == 1


@pytest.mark.parametrize(("named", "alarms"), [((0, 1), 0), ((0,), 1), ((1,), 1)])
def test_a_message_for_several_covers_what_it_named(named: tuple[int, ...], alarms: int) -> None:
    pair = make_pair(due_on=TODAY)
    leader = stood_still(pair[0])
    stood_still(pair[1], told_with=leader)
    items = tuple(FactItem(str(pair[at].loan), pair[at].outstanding, "", pair[at].pk) for at in named)
    said = facts(leader)._replace(items=items).as_json()
    make_delivery(leader, "sms", status="delivered", facts=said)
    assert check_coverage(clock()) == alarms


@pytest.mark.parametrize(
    ("planned_at", "deadline", "alarms"),
    [(NOON - 8 * DAY, NOON, 0), (NOON - HOUR, None, 0), (NOON - 8 * DAY, None, 1)],
    ids=["it is the reminder", "until the next stage", "a stage has begun since"],
)
def test_the_news_of_a_return_covers_as_it_does_when_its_ladder_has_ended(
    row: Installment, planned_at: datetime, deadline: datetime | None, alarms: int
) -> None:
    payment = Payment.objects.create(
        loan=row.loan, installment=row, amount=row.total, currency="CNY", status="returned", paid_on=TODAY
    )
    news = stood_still(row, kind="payment_returned", payment=payment, planned_at=planned_at, deadline=deadline)
    make_delivery(news, "email", status="delivered")
    assert check_coverage(clock()) == alarms
