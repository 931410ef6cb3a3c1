"""Of two workers at one moment, one hears that something arrived and the other blames its address for an older message:
the address is in use again within the minute.
"""

from datetime import datetime, timedelta
from threading import Event

import pytest
import time_machine
from django.db import transaction

from accounts.contact_points import mark_unreachable
from accounts.models import ContactPoint
from notifications import tasks
from notifications.models import Delivery
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.tests.test_blamed import arrive, blame, both_ways, marked, point_of, say, sent
from notifications.tests.test_races import at_once
from notifications.wrongly_marked import MARKED_WITHIN, lift_wrong_marks

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOW = NOON + 2 * HOUR


@both_ways
@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("heard_at", [NOW - 5 * SECOND, NOW + 5 * SECOND], ids=["before", "after"])
def test_an_arrival_that_another_worker_is_writing_frees_its_address(channel: str, heard_at: datetime) -> None:
    older = sent(channel)
    newer = sent(channel, NOON + HOUR, before=older)
    is_written, is_marked = Event(), Event()

    @transaction.atomic
    def hear_that_it_arrived() -> None:
        arrive(newer, heard_at)
        is_written.set()
        assert is_marked.wait(timeout=10)

    def hear_that_it_bounced() -> None:
        assert is_written.wait(timeout=10)
        say(older, blame(older), NOW)
        is_marked.set()

    at_once(hear_that_it_arrived, hear_that_it_bounced)
    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["failed", "delivered"]
    assert marked(newer) == NOW
    with time_machine.travel(NOW + MINUTE, tick=False):
        tasks.reconcile()
    assert marked(newer) is None


@pytest.mark.django_db
class TestWhatStays:
    def is_lifted(self, delivery: Delivery, now: datetime = NOW + MINUTE) -> bool:
        lifted = lift_wrong_marks(now)
        assert lifted == (marked(delivery) is None)
        return bool(lifted)

    @both_ways
    def test_a_mark_since_whose_message_nothing_has_arrived(self, channel: str) -> None:
        older = sent(channel)
        arrive(older, NOON + MINUTE)
        newer = sent(channel, NOON + HOUR, before=older)
        say(newer, blame(newer), NOW)
        assert not self.is_lifted(newer)

    def test_one_of_a_number_at_which_nothing_ever_arrived(self) -> None:
        message = sent("sms")
        say(message, blame(message), NOW)
        assert not self.is_lifted(message)

    def test_one_that_no_message_is_blamed_for(self) -> None:
        message = sent("sms")
        arrive(message, NOON + MINUTE)
        mark_unreachable([point_of(message).pk], reason="said by a provider", now=NOW)
        assert not self.is_lifted(message)

    @pytest.mark.parametrize(("later", "lifted"), [(MARKED_WITHIN - SECOND, True), (MARKED_WITHIN, False)])
    def test_one_of_long_ago(self, later: timedelta, lifted: bool) -> None:
        older = sent("sms", status="failed")
        newer = sent("sms", NOON + HOUR, before=older, status="delivered", delivered_at=NOW)
        mark_unreachable([point_of(newer).pk], reason="bounced", now=NOW)
        assert self.is_lifted(newer, NOW + later) is lifted

    def test_that_all_devices_are_gone(self) -> None:
        prompt = make_prompt()
        ContactPoint.objects.create(user=prompt.borrower, kind="push", address="devices", source="owner")
        older = make_delivery(prompt, "push", status="failed", handed_at=NOON)
        newer = sent("push", NOON + HOUR, before=older, status="delivered", delivered_at=NOW)
        mark_unreachable([point_of(newer).pk], reason="gone", now=NOW)
        assert not self.is_lifted(newer)
