"""While an outage touches an installment nothing is demanded for it, and its borrower is told once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_borrower
from loans import outages, signals
from loans.models import Installment, Outage, OutageHold
from loans.outages import declare_outage, end_outage, extend_outages
from loans.own_sessions import connect_alone
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications import tasks
from notifications.models import Delivery, Prompt
from notifications.outage_watch import look_at_what_is_over
from notifications.planning import plan_overdue
from notifications.prior_notice import give_prior_notice
from notifications.tests.factories import NOON, TODAY, claim, clock, make_delivery, make_prompt, word_these

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)


@pytest.fixture
def installment() -> Installment:
    """Due yesterday, and open."""
    return make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)


def declare(**said: object) -> Outage:
    """Since two days ago, and nobody knows until when."""
    defaults: dict[str, object] = {"starts_at": NOON - 2 * DAY, "now": NOON, "reason": "Down."}
    return declare_outage(make_bank(), **{**defaults, **said})  # type: ignore[arg-type]


def kinds() -> list[str]:
    return list(Prompt.objects.exclude(status="cancelled").order_by("pk").values_list("kind", flat=True))


def test_nothing_is_planned_as_overdue_until_it_is_over_and_the_hours_to_pay_have_passed(
    installment: Installment,
) -> None:
    outage = declare()
    assert plan_overdue(clock(NOON)) == 0
    end_outage(outage.pk, now=NOON + HOUR)
    over = NOON + HOUR + timedelta(hours=24)
    assert plan_overdue(clock(over - timedelta(seconds=1))) == 0
    assert plan_overdue(clock(over)) == 1


def test_an_overdue_prompt_that_is_on_its_way_is_taken_back(installment: Installment) -> None:
    assert plan_overdue(clock(NOON)) == 1
    declare()
    assert kinds() == ["outage_declared"]
    taken_back = Prompt.objects.get(kind="overdue")
    assert (taken_back.status, taken_back.reason) == ("cancelled", "an outage of a firm")
    assert set(Delivery.objects.filter(prompt=taken_back).values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("kind", [Prompt.Kind.OVERDUE, Prompt.Kind.PRIOR_NOTICE])
def test_what_was_planned_in_the_same_moment_is_not_claimed(installment: Installment, kind: str) -> None:
    declare()
    make_delivery(make_prompt(installment, kind=kind, stage=1))
    assert claim("sms", NOON) == []
    end_outage(Outage.objects.get().pk, now=NOON)
    assert len(claim("sms", NOON + DAY)) == 1


def test_a_reminder_before_the_due_date_goes_out_all_the_same(installment: Installment) -> None:
    declare()
    Installment.objects.update(due_on=TODAY)
    upcoming = make_delivery(make_prompt(installment))
    assert claim("sms", NOON) == [upcoming.pk]


def test_no_notice_of_an_adverse_report_is_given(installment: Installment) -> None:
    declare()
    notices = give_prior_notice([installment.loan], clock(NOON), days=10)
    assert notices.given == 0
    assert "an outage of a firm holds it" in str(notices.refused[0])
    end_outage(Outage.objects.get().pk, now=NOON)
    assert give_prior_notice([installment.loan], clock(NOON + DAY), days=10).given == 1


def test_its_borrower_is_told_once_for_each_outage(installment: Installment) -> None:
    first = declare()
    extend_outages(NOON + HOUR)
    assert kinds() == ["outage_declared"]
    end_outage(first.pk, now=NOON + HOUR)
    declare(now=NOON + 2 * HOUR)
    assert kinds() == ["outage_declared", "outage_declared"]


def test_one_outage_that_two_declare_is_told_once(installment: Installment) -> None:
    declare()
    declare(reference="B-1")
    declare_outage(make_platform(), starts_at=NOON - DAY, now=NOON, reason="Our line to the bank is down.")
    extend_outages(NOON + HOUR)
    assert kinds() == ["outage_declared"]
    assert OutageHold.objects.count() == 3


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_that_are_declared_at_one_moment_are_told_once() -> None:
    make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)
    start = Barrier(2)

    def run(reference: str) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            declare(reference=reference)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[reference]) for reference in ("B-1", "B-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert OutageHold.objects.count() == 2
    assert kinds() == ["outage_declared"]


@pytest.mark.parametrize("ends", [0, 1])
def test_what_tells_of_it_stands_until_both_are_over(installment: Installment, ends: int) -> None:
    with time_machine.travel(NOON, tick=False):
        both = [declare(), declare(reference="B-1")]
    end_outage(both[ends].pk, now=NOON + HOUR)
    assert look_at_what_is_over(NOON + HOUR) == 0
    assert len(claim("email", NOON + 2 * HOUR)) == 1
    Prompt.objects.update(status="active", look_again_at=NOON + DAY)
    end_outage(both[1 - ends].pk, now=NOON + 3 * HOUR)
    assert look_at_what_is_over(NOON + 3 * HOUR) == 1


def test_whose_figures_have_changed_since_the_first_hears_of_the_second(installment: Installment) -> None:
    declare()
    Installment.objects.update(version=2)
    declare(reference="B-1")
    assert list(Prompt.objects.order_by("pk").values_list("version", flat=True)) == [1, 2]


def test_one_that_ends_before_anybody_looked_is_listed_and_told_to_nobody(installment: Installment) -> None:
    outage = declare(touch=False)
    assert not OutageHold.objects.exists()
    end_outage(outage.pk, now=NOON + HOUR)
    assert OutageHold.objects.get().held_until == NOON + DAY + HOUR
    assert kinds() == []


def test_the_message_says_that_it_is_not_late(installment: Installment) -> None:
    declare()
    delivery = Delivery.objects.get(channel="email")
    (worded,), faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    assert worded.message
    assert "we do not treat this as late" in worded.message.text
    assert "¥100.00" in worded.message.text


def test_who_has_paid_at_the_platform_is_not_written_to(installment: Installment) -> None:
    Installment.objects.filter(pk=installment.pk).update(state="awaiting_bank")
    declare()
    assert kinds() == []


def change(row: Installment, **figures: object) -> None:
    Installment.objects.filter(pk=row.pk).update(**figures)
    signals.installments_changed.send(sender=None, installment_ids=[row.pk])


@pytest.fixture
def _at_noon() -> Iterator[None]:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.mark.usefixtures("_at_noon")
def test_news_of_it_that_changed_figures_took_back_is_told_with_the_new_ones(installment: Installment) -> None:
    declare()
    change(installment, version=2, total=120, outstanding=120)
    assert list(Prompt.objects.order_by("pk").values_list("version", "status")) == [(1, "cancelled"), (2, "active")]
    assert claim("email", NOON + DAY) == [Delivery.objects.get(prompt__version=2, channel="email").pk]


@pytest.mark.usefixtures("_at_noon")
def test_who_was_told_of_it_is_not_told_again_with_other_figures(installment: Installment) -> None:
    declare()
    sent = Delivery.objects.filter(channel="email")
    [worded], _faults = word_these(list(sent.values_list("pk", flat=True)), now=NOON)
    before = NOON - HOUR
    sent.update(status="sent", sent_at=before, handed_at=before, facts=json.loads(worded.kept.facts))
    change(installment, version=2, total=120, outstanding=120)
    assert Prompt.objects.filter(version=2).count() == 0


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("over", [False, True])
def test_who_is_to_pay_again_while_it_lasts_hears_of_it(installment: Installment, over: bool) -> None:
    Installment.objects.filter(pk=installment.pk).update(state="awaiting_bank")
    outage = declare()
    if over:
        end_outage(outage.pk, now=NOON)
    change(installment, state="open")
    assert kinds() == ([] if over else ["outage_declared"])


@pytest.mark.usefixtures("_at_noon")
def test_news_of_it_waits_while_a_firm_has_seen_the_money(installment: Installment) -> None:
    declare()
    change(installment, state="awaiting_bank")
    assert (kinds(), claim("email", NOON + DAY)) == (["outage_declared"], [])
    change(installment, state="open")
    assert (kinds(), len(claim("email", NOON + DAY))) == (["outage_declared"], 1)


def test_a_message_that_waits_is_void_once_the_installment_is_paid(installment: Installment) -> None:
    declare()
    Installment.objects.update(state="settled", paid=Decimal(100), outstanding=Decimal(0))
    assert claim("email", NOON + DAY) == claim("sms", NOON + DAY) == claim("push", NOON + DAY) == []


def test_telling_costs_the_same_however_many_are_touched(installment: Installment) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            declare()
        return len(ran)

    few = cost()
    for _place in range(6):
        make_installment(make_loan(make_borrower()), due_on=TODAY)
    assert cost() <= few + 2


def test_a_sweep_does_not_wait_for_who_extends_an_outage_just_now(installment: Installment) -> None:
    declare(touch=False)
    with connect_alone() as another:
        another.execute("SELECT pg_advisory_lock(%s)", [outages._TURN])
        assert extend_outages(NOON) == 0
        another.execute("SELECT pg_advisory_unlock(%s)", [outages._TURN])
        another.commit()
    assert extend_outages(NOON) == 1
