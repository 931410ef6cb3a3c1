"""What an outage had taken back of a stage that a firm has to send is that firm's turn again when the hold is over."""

from datetime import timedelta

import pytest
import time_machine

from accounts.tests.factories import make_agent
from loans.disputes import decide
from loans.models import Outage, OutwardEvent
from loans.outages import end_outage
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank
from loans.tests.outward import hear as hear_events
from notifications.models import Delivery, Duty, Prompt
from notifications.tests import test_demanding_after_outages as outages
from notifications.tests.factories import NOON
from notifications.tests.firms import HOUR, duty_of, make_rule, report

pytestmark = pytest.mark.django_db
_nobody_is_woken = outages._nobody_is_woken
OVER = NOON + 2 * HOUR


@pytest.fixture(autouse=True)
def _its_bank_has_to_send_it() -> None:
    make_rule(kind="overdue")
    hear_events(make_bank())


def end(outage: Outage) -> None:
    end_outage(outage.pk, now=OVER)
    outages.sweep(OVER)


def test_its_firm_has_to_send_it_and_the_portal_only_after_that() -> None:
    outages.make_overdue()
    end(outages.declare())
    again = Prompt.objects.get(kind="overdue", stage=8)
    assert (duty_of(again).status, duty_of(again).responsible.code) == (Duty.Status.WAITING, "harbour")
    (begins,) = set(Delivery.objects.filter(prompt=again).values_list("next_attempt_at", flat=True))
    assert begins == duty_of(again).portal_at > OVER + timedelta(minutes=5)


def test_what_its_firm_had_told_before_is_not_told_again() -> None:
    row = outages.make_overdue()
    outage = outages.declare(NOON + HOUR)
    # It is kept: the outage has taken back meanwhile what it was about.
    report(row, at=NOON + timedelta(minutes=30), kind="overdue", stage=7, proof="delivered")
    end(outage)
    assert [stage for stage, _status in outages.demands()] == [7]


def test_its_firm_is_not_asked_for_what_is_rejected_while_the_outage_holds() -> None:
    row = outages.make_overdue()
    outages.declare(ends_at=NOON + 4 * outages.DAY)
    with time_machine.travel(NOON + HOUR, tick=False):
        about = make_dispute(row.loan, installment=row, now=NOON + HOUR)
    turns = OutwardEvent.objects.filter(kind="prompt.due_to_send")
    before, decided = turns.count(), NOON + outages.DAY
    with time_machine.travel(decided, tick=False):
        decide(dispute=about, agent=make_agent(), decision="rejected", words="We have looked into it.", now=decided)
    assert turns.count() == before
    outages.sweep(NOON + 4 * outages.DAY)
    assert turns.count() == before + 1
