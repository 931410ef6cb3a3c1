"""No more often than the caps allow, whichever loan or firm it is about."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.calendar import overdue_stage, upcoming_stage
from notifications.contacts import _CONTACTS
from notifications.models import Delivery, FirmTelling, NoticeEvent, Prompt
from notifications.policy import Purpose
from notifications.policy_files import policy_for
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt
from notifications.tests.firms import report
from notifications.tests.outside import SandboxProcess

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def cap() -> int:
    """How many SMS a day collection may send in China."""
    caps = policy_for("cn", Purpose.COLLECTION, TODAY).caps_on("sms")
    return next(one.most for one in caps if one.span == "day")


def overdue_deliveries(count: int) -> list[Delivery]:
    borrower = make_borrower()
    return [make_delivery(overdue_for(1 + place, borrower)) for place in range(count)]


def overdue_for(days: int, borrower: User) -> Prompt:
    row = make_installment(make_loan(borrower), due_on=TODAY - timedelta(days=days))
    return make_prompt(row, kind=Prompt.Kind.OVERDUE, stage=overdue_stage(days))


@pytest.fixture(autouse=True)
def _to_sandbox(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.KANNEL_URL = f"{sandbox.url}cgi-bin/sendsms"
    settings.KANNEL_USERNAME = settings.KANNEL_PASSWORD = "sandbox"
    settings.SMS_CALLBACK_URL = "http://127.0.0.1:9/"


def test_what_is_over_the_cap_waits_for_the_next_morning_and_says_by_which_rule() -> None:
    deliveries = overdue_deliveries(cap() + 1)
    dispatch.dispatch("sms", clock=lambda: NOON)
    rows = list(Delivery.objects.order_by("pk"))
    assert [row.status for row in rows] == [Status.SENT] * cap() + [Status.RETRYING]
    held = rows[-1]
    assert held.held_by.startswith("cn/collection/")
    assert held.next_attempt_at == NOON + timedelta(hours=20)
    assert held.attempts == 0
    assert NoticeEvent.objects.get(kind="held").delivery_id == deliveries[-1].pk


def test_what_was_told_earlier_in_the_day_counts() -> None:
    deliveries = overdue_deliveries(cap() + 1)
    earlier = [delivery.pk for delivery in deliveries[:-1]]
    Delivery.objects.filter(pk__in=earlier).update(status="delivered", sent_at=NOON, delivered_at=NOON)
    assert dispatch.dispatch("sms", clock=lambda: NOON + timedelta(hours=1)) == 0
    dispatch.dispatch("sms", clock=lambda: NOON + timedelta(hours=20))
    assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered", "sent"}


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({"status": "sending", "handed_at": NOON}, True),
        ({"status": "unconfirmed", "handed_at": NOON}, True),
        ({"status": "sent", "sent_at": NOON}, True),
        ({"status": "failed", "sent_at": NOON}, True),
        ({"status": "sending", "handed_at": None}, False),
        ({"status": "failed", "handed_at": NOON}, False),
        ({"status": "retrying", "handed_at": NOON, "next_attempt_at": NOON + timedelta(days=1)}, False),
        ({"status": "unconfirmed", "handed_at": NOON - timedelta(days=1)}, False),
    ],
)
def test_what_may_have_gone_out_counts_before_anybody_has_said_so(told: dict[str, object], counts: bool) -> None:
    deliveries = overdue_deliveries(cap() + 1)
    Delivery.objects.filter(pk__in=[one.pk for one in deliveries[:-1]]).update(**told)
    dispatch.dispatch("sms", clock=lambda: NOON + timedelta(hours=1))
    last = deliveries[-1]
    last.refresh_from_db()
    assert last.status == (Status.RETRYING if counts else Status.SENT)


def last_is_held(deliveries: list[Delivery]) -> bool:
    """Whether the cap holds the last of these, the others of which are not to be sent."""
    Delivery.objects.filter(pk__in=[one.pk for one in deliveries[:-1]]).update(status="cancelled")
    dispatch.dispatch("sms", clock=lambda: NOON + HOUR)
    return Delivery.objects.get(pk=deliveries[-1].pk).status == Status.RETRYING


def firm_told(delivery: Delivery, minutes: int = 0, **said: Any) -> None:
    """By SMS, so many minutes after noon."""
    assert delivery.prompt.installment
    at = NOON + timedelta(minutes=minutes)
    report(delivery.prompt.installment, at=NOON + HOUR, **{"kind": "overdue", "sent_at": at.isoformat(), **said})


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ({}, True),
        ({"proof": "delivered"}, True),
        ({"proof": "failed"}, False),
        ({"channel": "email"}, False),
        ({"kind": "upcoming"}, False),
        ({"sent_at": (NOON - timedelta(days=1)).isoformat()}, False),
    ],
)
def test_what_firms_told_by_themselves_counts(said: dict[str, Any], counts: bool) -> None:
    """About other loans of the same borrower."""
    deliveries = overdue_deliveries(cap() + 1)
    for delivery in deliveries[:-1]:
        firm_told(delivery, **said)
    assert FirmTelling.objects.count() == cap()
    assert last_is_held(deliveries) is counts


def test_it_counts_beside_what_the_portal_sent() -> None:
    deliveries = overdue_deliveries(cap() + 1)
    firm_told(deliveries[0])
    Delivery.objects.filter(pk=deliveries[0].pk).update(status="cancelled")
    Delivery.objects.filter(pk__in=[one.pk for one in deliveries[1:-1]]).update(status="sent", sent_at=NOON)
    dispatch.dispatch("sms", clock=lambda: NOON + HOUR)
    assert Delivery.objects.get(pk=deliveries[-1].pk).status == Status.RETRYING


def test_what_firms_told_somebody_else_does_not() -> None:
    for delivery in overdue_deliveries(cap()):
        firm_told(delivery)
    assert not last_is_held(overdue_deliveries(1))


@pytest.mark.parametrize(("days_apart", "held"), [(0, False), (1, True)], ids=["due together", "due on other days"])
def test_one_message_about_several_that_are_due_together_counts_once_however_often_it_is_spoken_of(
    days_apart: int, held: bool
) -> None:
    deliveries = overdue_deliveries(cap() + 1)
    due_on = TODAY - timedelta(days=1)
    for place, delivery in enumerate(deliveries):
        days = place * days_apart
        Installment.objects.filter(prompts=delivery.prompt_id).update(due_on=due_on - timedelta(days=days))
        Prompt.objects.filter(pk=delivery.prompt_id).update(stage=overdue_stage(1 + days))
        if place < cap():
            firm_told(delivery)
            firm_told(delivery, proof="delivered")
    assert last_is_held(deliveries) is held


def test_where_no_firm_tells_nothing_is_read_for_it() -> None:
    overdue_deliveries(1)
    parameters: dict[str, Any] = {"people": "{1,2}", "channel": "sms", "since": NOON, "planned_since": NOON}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {_CONTACTS}", parameters)
        read = [line for (line,) in cursor.fetchall() if "loans_" in line and " on " in line]
    assert read
    assert all("never executed" in line for line in read)


def test_reminders_before_the_due_date_are_service_and_have_no_cap() -> None:
    borrower = make_borrower()
    for place in range(cap() + 2):
        row = make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=place))
        make_delivery(make_prompt(row, stage=upcoming_stage(place)))
    assert dispatch.dispatch("sms", clock=lambda: NOON) == cap() + 2
