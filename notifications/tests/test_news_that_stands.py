"""News of payments and outages are told only while they are so, and taken back with their tasks when they are not."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.tests.factories import make_agent, make_borrower
from loans import signals
from loans.models import Installment, Outage, Payment
from loans.outages import declare_outage, end_outage
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import dispatch, tasks
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Prompt
from notifications.outage_watch import look_at_what_is_over
from notifications.resending import CannotResendError, resend
from notifications.tests.factories import NOON, TODAY, claim, clock

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = datetime(2026, 11, 22, 23, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
MORNING = datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)
    monkeypatch.setattr(tasks, "wake_planner", lambda: None)


@pytest.fixture
def payment() -> Payment:
    """Of an installment due tomorrow; the platform has seen it."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + DAY)
    return Payment.objects.create(
        loan=row.loan, installment=row, amount=Decimal(100), currency="CNY", status="received", paid_on=TODAY
    )


def become(payment: Payment, status: str, at: datetime) -> None:
    Payment.objects.filter(pk=payment.pk).update(status=status)
    with time_machine.travel(at, tick=False):
        getattr(signals, f"payments_{status}").send(sender=None, payment_ids=[payment.pk])


def pay(installment: Installment | None, at: datetime) -> None:
    """By other means, at the platform."""
    assert installment
    Installment.objects.filter(pk=installment.pk).update(state="awaiting_bank")
    with time_machine.travel(at, tick=False):
        signals.installments_changed.send(sender=None, installment_ids=[installment.pk])


def going(channel: str, now: datetime) -> list[str]:
    """The kinds of what leaves."""
    ids = claim(channel, now)
    return sorted(Delivery.objects.filter(pk__in=ids).values_list("prompt__kind", flat=True))


def hand_to_person(kind: Prompt.Kind) -> AgentTask:
    """Whatever is tried fails."""
    while not AgentTask.objects.exists():
        Delivery.objects.update(status="failed")
        assert Prompt.objects.filter(kind=kind, status="active").update(look_again_at=NOON)
        climb(clock())
    return AgentTask.objects.get()


def test_a_payment_that_came_back_in_the_night_is_not_confirmed_in_the_morning(payment: Payment) -> None:
    become(payment, "received", NIGHT)
    dispatch.dispatch("email", clock=lambda: NIGHT)
    become(payment, "returned", NIGHT + HOUR)
    assert going("email", MORNING) == ["payment_returned"]
    assert Prompt.objects.get(kind="payment_received").status == "cancelled"


def test_one_that_is_booked_meanwhile_is_not_told_as_on_its_way(payment: Payment) -> None:
    become(payment, "received", NIGHT)
    become(payment, "settled", NIGHT + HOUR)
    assert going("email", MORNING) == ["payment_settled"]


@pytest.mark.parametrize("status", ["returned", "doubted", "settled"])
def test_what_has_changed_since_is_refused_at_claim_and_ends_its_ladder_whoever_forgot_to_say(
    payment: Payment, status: str
) -> None:
    become(payment, "received", NOON)
    Payment.everything.update(status=status)
    assert going("email", NOON) == []
    climb(clock(NOON + 5 * HOUR))
    prompt = Prompt.objects.get()
    assert (prompt.status, prompt.reason) == ("cancelled", "paid or changed meanwhile")
    assert set(prompt.deliveries.values_list("status", flat=True)) == {"cancelled"}


def test_what_is_still_so_is_told_and_climbed(payment: Payment) -> None:
    become(payment, "returned", NOON)
    assert going("email", NOON) == ["payment_returned"]
    climb(clock(NOON + 5 * HOUR))
    assert Delivery.objects.filter(channel="sms", status="queued").exists()


@pytest.mark.parametrize("again", ["booked", "paid"])
def test_nobody_calls_about_a_return_that_is_made_good(payment: Payment, again: str) -> None:
    become(payment, "returned", NOON)
    task = hand_to_person(Prompt.Kind.PAYMENT_RETURNED)
    if again == "booked":
        become(payment, "settled", NOON + HOUR)
    else:
        pay(payment.installment, NOON + HOUR)
    task.refresh_from_db()
    assert (task.status, task.outcome) == ("done", "not_needed")
    assert Prompt.objects.get(kind="payment_returned").status == "cancelled"


def test_a_return_is_not_told_while_what_it_was_for_is_paid_by_other_means(payment: Payment) -> None:
    become(payment, "returned", NIGHT)
    Installment.objects.update(state="awaiting_bank")
    assert going("email", MORNING) == []


def another(payment: Payment, status: str = "received") -> Payment:
    """For the same installment."""
    said = {"amount": Decimal(100), "currency": "CNY", "status": status, "paid_on": TODAY}
    return Payment.objects.create(loan=payment.loan, installment=payment.installment, **said)


def owe_again(installment: Installment | None, at: datetime) -> None:
    """What had paid it turned out to be for something else."""
    assert installment
    Installment.objects.filter(pk=installment.pk).update(state="open", paid=0, outstanding=100, version=2)
    with time_machine.travel(at, tick=False):
        signals.installments_changed.send(sender=None, installment_ids=[installment.pk])


def come_back(payment: Payment, at: datetime) -> None:
    """It had paid what it was for, which is told first (`loans/intake/news.py`)."""
    Payment.objects.filter(pk=payment.pk).update(status="returned")
    owe_again(payment.installment, at)
    become(payment, "returned", at)


def place_all(at: datetime) -> None:
    dispatch.dispatch("in_app", clock=lambda: at)


def kinds_of(payment: Payment) -> list[str]:
    """What is, or was, to be told of it and was not taken back."""
    live = Prompt.objects.filter(payment=payment, voided_at=None).order_by("pk")
    return list(live.values_list("kind", flat=True))


@pytest.mark.parametrize("held", [{"state": "awaiting_bank"}, {"state": "settled", "paid": 100, "outstanding": 0}])
def test_a_return_is_not_planned_while_another_payment_holds_what_it_was_for(
    payment: Payment, held: dict[str, object]
) -> None:
    become(payment, "received", NOON)
    place_all(NOON)
    Installment.objects.update(**held)
    become(payment, "returned", NOON + HOUR)
    assert not Prompt.objects.filter(kind="payment_returned").exists()
    assert kinds_of(payment) == []


def test_it_is_told_when_the_other_comes_back_too(payment: Payment) -> None:
    become(payment, "received", NOON)
    place_all(NOON)
    other = another(payment)
    Installment.objects.update(state="awaiting_bank")
    become(payment, "returned", NOON + HOUR)
    come_back(other, NOON + 2 * HOUR)
    assert (kinds_of(payment), kinds_of(other)) == (["payment_returned"], ["payment_returned"])
    assert going("email", NOON + 2 * HOUR) == ["payment_returned", "payment_returned"]


def test_it_is_told_once_when_the_other_turns_out_to_be_for_something_else(payment: Payment) -> None:
    become(payment, "received", NOON)
    place_all(NOON)
    other = another(payment, "settled")
    Installment.objects.update(state="settled", paid=100, outstanding=0)
    become(payment, "returned", NOON + HOUR)
    row = payment.installment
    Payment.objects.filter(pk=other.pk).update(
        installment=make_installment(payment.loan, number=2, due_on=TODAY + 9 * DAY)
    )
    owe_again(row, NOON + 2 * HOUR)
    assert (kinds_of(payment), kinds_of(other)) == (["payment_returned"], [])
    owe_again(row, NOON + 3 * HOUR)
    assert going("email", NOON + 3 * HOUR) == ["payment_returned"]
    place_all(NOON + 3 * HOUR)
    pay(row, NOON + 4 * HOUR)
    owe_again(row, NOON + 5 * HOUR)
    assert Prompt.objects.filter(kind="payment_returned").count() == 1


def test_who_has_the_loan_by_then_is_not_told_of_a_payment_that_they_never_heard_of(payment: Payment) -> None:
    become(payment, "received", NOON)
    place_all(NOON)
    Installment.objects.update(state="settled", paid=100, outstanding=0)
    become(payment, "returned", NOON + HOUR)
    type(payment.loan).objects.update(borrower=make_borrower())
    owe_again(payment.installment, NOON + 2 * HOUR)
    assert not Prompt.objects.filter(kind="payment_returned").exists()


def test_so_is_one_whose_news_was_taken_back_before_it_was_told(payment: Payment) -> None:
    become(payment, "received", NOON)
    place_all(NOON)
    become(payment, "returned", NOON + HOUR)
    pay(payment.installment, NOON + HOUR)
    other = another(payment)
    come_back(other, NOON + 2 * HOUR)
    assert kinds_of(payment) == ["payment_returned"]


def test_a_return_that_was_told_is_not_told_again_when_another_payment_comes_back(payment: Payment) -> None:
    become(payment, "received", NOON)
    place_all(NOON)
    become(payment, "returned", NOON + HOUR)
    place_all(NOON + HOUR)
    pay(payment.installment, NOON + HOUR)
    other = another(payment)
    come_back(other, NOON + 2 * HOUR)
    assert (kinds_of(payment), kinds_of(other)) == ([], ["payment_returned"])


def test_nor_is_one_of_which_nobody_was_told_that_it_arrived(payment: Payment) -> None:
    Payment.objects.update(status="returned")
    other = another(payment)
    come_back(other, NOON)
    assert (kinds_of(payment), kinds_of(other)) == ([], ["payment_returned"])


def test_one_that_came_back_came_and_comes_back_again_is_told_each_time_it_is_so(payment: Payment) -> None:
    become(payment, "returned", NOON)
    Delivery.objects.update(status="delivered", sent_at=NOON, delivered_at=NOON)
    Prompt.objects.update(status="told")
    become(payment, "settled", NOON + HOUR)
    become(payment, "returned", NOON + 2 * HOUR)
    become(payment, "returned", NOON + 3 * HOUR)
    told = Prompt.objects.order_by("pk").values_list("kind", "status")
    assert list(told) == [
        ("payment_returned", "told"),
        ("payment_settled", "cancelled"),
        ("payment_returned", "active"),
    ]
    assert going("email", NOON + 3 * HOUR) == ["payment_returned"]


def test_an_agent_does_not_send_again_what_is_not_so_any_more(payment: Payment) -> None:
    become(payment, "returned", NOON)
    Prompt.objects.update(status="told")
    Payment.objects.update(status="settled")
    with pytest.raises(CannotResendError, match="not so any more"):
        resend(prompt_id=Prompt.objects.get().pk, channel="sms", agent=make_agent(), now=NOON)


def declare(**said: object) -> Outage:
    """It touches one installment, due today, whose borrower is to be told."""
    make_installment(make_loan(make_borrower()), due_on=TODAY)
    defaults: dict[str, object] = {"starts_at": NOON, "now": NOON, "reason": "Down."}
    return declare_outage(make_bank(), **{**defaults, **said})  # type: ignore[arg-type]


def test_an_outage_that_is_over_is_told_to_nobody_any_more() -> None:
    with time_machine.travel(NOON, tick=False):
        outage = declare()
    assert Delivery.objects.filter(channel="email").count() == 1
    end_outage(outage.pk, now=NOON + HOUR)
    assert going("email", NOON + 2 * HOUR) == []
    climb(clock(NOON + 5 * HOUR))
    assert Prompt.objects.get().status == "cancelled"
    assert set(Delivery.objects.values_list("channel", "status")) == {("email", "cancelled"), ("in_app", "cancelled")}


@pytest.mark.parametrize(("after", "told"), [(HOUR, ["outage_declared"]), (2 * HOUR, [])])
def test_its_end_may_have_been_said_before(after: timedelta, told: list[str]) -> None:
    with time_machine.travel(NOON, tick=False):
        declare(ends_at=NOON + 2 * HOUR)
    assert going("email", NOON + after) == told


def test_one_that_was_called_off_is_told_to_nobody_any_more() -> None:
    with time_machine.travel(NOON, tick=False):
        outage = declare(starts_at=NOON + 2 * HOUR)
    end_outage(outage.pk, now=NOON + HOUR)
    assert going("email", NOON + HOUR) == []


def test_ladders_look_at_once_when_an_outage_is_over_and_hold_up_no_queue() -> None:
    with time_machine.travel(NOON, tick=False):
        declare(ends_at=NOON + HOUR)
    look_at_what_is_over(NOON + HOUR - timedelta(seconds=1))
    assert climb(clock(NOON + HOUR)) == 0
    assert look_at_what_is_over(NOON + HOUR) == 1
    assert climb(clock(NOON + HOUR)) == 1
    assert look_at_what_is_over(NOON + HOUR) == 0
    assert Prompt.objects.get().status == "cancelled"
