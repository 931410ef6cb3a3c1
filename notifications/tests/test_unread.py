"""What a firm has sent and nobody has applied is heard of: one alarm a firm and kind, open while anything waits."""

from datetime import datetime, timedelta
from itertools import count

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_agent
from loans.models import Partner, Report
from loans.tests.factories import make_bank, make_platform
from notifications import tasks
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm
from notifications.tests.factories import NOON
from notifications.unread import watch_unread

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
_numbers = count(1)


def receive(partner: Partner, at: datetime, kind: str = "events", status: str = "received") -> Report:
    number = next(_numbers)
    return Report.objects.create(
        partner=partner,
        kind=kind,
        name="m",
        content=b"{}",
        digest=f"{number:064x}",
        message_id=f"m-{number}" if kind == "events" else "",
        status=status,
        received_at=at,
    )


@pytest.mark.parametrize(("kind", "minutes"), [("events", 5), ("loans", 30), ("statement", 30)])
def test_what_lies_unread_for_longer_than_it_takes_is_an_alarm_until_it_is_applied(kind: str, minutes: int) -> None:
    first = receive(make_bank(), NOON, kind)
    second = receive(make_bank(), NOON + MINUTE, kind)
    assert watch_unread(NOON + minutes * MINUTE) == 0
    at = NOON + (minutes + 2) * MINUTE
    assert watch_unread(at) == watch_unread(at + MINUTE) == 1
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.subject, alarm.opened_at) == ("unread", f"unread:harbour:{kind}", at)
    assert (alarm.facts["firm"], alarm.facts["since"]) == (make_bank().name, NOON.isoformat())
    Report.objects.filter(pk=first.pk).update(status="applied")
    assert watch_unread(at + 2 * MINUTE) == 1
    alarm.refresh_from_db()
    assert alarm.facts["since"] == (NOON + MINUTE).isoformat()
    Report.objects.filter(pk=second.pk).update(status="refused")
    assert watch_unread(at + 3 * MINUTE) == 0
    alarm.refresh_from_db()
    assert alarm.closed_at == at + 3 * MINUTE


def test_a_sweep_looks_for_it() -> None:
    receive(make_bank(), NOON)
    with time_machine.travel(NOON + 10 * MINUTE, tick=False):
        tasks.reconcile()
    assert Alarm.objects.get().kind == "unread"


def test_each_firm_and_kind_has_an_alarm_of_its_own_at_the_same_cost(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    receive(make_bank(), NOON)
    with django_assert_num_queries(8):
        assert watch_unread(NOON + 40 * MINUTE) == 1
    receive(make_bank(), NOON, "statement")
    receive(make_platform(), NOON)
    receive(make_platform(), NOON, "loans", status="partly")
    with django_assert_num_queries(8):
        assert watch_unread(NOON + 40 * MINUTE) == 3


def test_what_an_agent_closed_keeps_its_words_and_its_place() -> None:
    keep_alarms(Alarm.Kind.STATEMENT, {"statement:1:gap": Wrong("before", {"firm": "A"})}, NOON)
    agent = make_agent()
    Alarm.objects.update(closed_at=NOON, closed_by=agent, closed_because="it will not come")
    keep_alarms(Alarm.Kind.STATEMENT, {"statement:1:gap": Wrong("after", {"firm": "B"})}, NOON + MINUTE)
    alarm = Alarm.objects.get()
    assert (alarm.detail, alarm.facts, alarm.closed_at) == ("before", {"firm": "A"}, NOON)
