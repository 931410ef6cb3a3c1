"""No firm is asked to demand what the portal itself would not: a booking that may pay it is in doubt."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from accounts.tests.factories import make_agent
from loans.intake.likely import TOO_MUCH
from loans.models import Installment, Loan, OutwardEvent, Payment, PaymentWord, Report, StatementLine
from loans.outages import end_outage
from loans.tests.factories import make_bank, make_installment, make_platform
from loans.tests.outward import hear as hear_events
from notifications import holding_turns, tasks
from notifications.alarms import close_by_hand
from notifications.firm_scores import read_scores
from notifications.models import Alarm, Duty, Prompt
from notifications.planning import plan_overdue
from notifications.taking_over import take_over
from notifications.tests import test_demanding_after_outages as outages
from notifications.tests.factories import NOON, claim, clock
from notifications.tests.firms import HOUR, due_in, duty_of, make_rule, report
from notifications.tests.test_demanding_again import DAY, decided, dispute, make_overdue

pytestmark = pytest.mark.django_db
_nobody_is_woken = outages._nobody_is_woken
SHANGHAI = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 12, 1, 8, 0, tzinfo=SHANGHAI)
"""The one after a decision of 30 November, sixteen days after the due date of what was overdue for seven."""
SOON = NOON + HOUR
Status = Duty.Status


@pytest.fixture(autouse=True)
def _its_bank_has_to_send_what_is_overdue() -> None:
    make_rule(kind="overdue")
    hear_events(make_bank())
    hear_events(make_platform())


def applied(loan: Loan) -> Report:
    """A statement of the loan's bank."""
    said = {"kind": "statement", "content": b"", "status": "applied", "received_at": NOON}
    return Report.objects.create(partner=loan.bank, **said)


def book_what_cannot_be_true(loan: Loan, number: int | None = None) -> Payment:
    said = {"amount": 9000, "paid_on": NOON.date()}
    payment = Payment.everything.create(loan=loan, currency="CNY", status="doubted", settled_at=NOON, **said)
    word: dict[str, Any] = {"partner": loan.bank, "number": number, "as_of": NOON, "report": applied(loan)}
    PaymentWord.objects.create(payment=payment, **said, **word)
    return payment


def clear(payment: Payment) -> None:
    """The bank says it right: it was another loan's."""
    Payment.everything.filter(pk=payment.pk).update(status="returned")


def sweep(now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        tasks.reconcile()


def heard(kind: str) -> list[tuple[str, int, str]]:
    """What the bank was told: what of, for which stage, whose turn it is or was, or why it is none."""
    events = OutwardEvent.objects.filter(kind=kind, partner=make_bank()).order_by("pk")
    return [(one.data["kind"], one.data["stage"], one.data.get("why", one.data["responsible"])) for one in events]


def turns() -> list[tuple[str, int, str]]:
    return heard("prompt.due_to_send")


def again() -> Prompt:
    """What is demanded again after a dispute."""
    return Prompt.objects.get(kind="overdue", stage=16)


def overdue(days: int = 1) -> Prompt:
    """Planned at noon, and its firm's turn for four hours."""
    row = due_in(-days)
    assert plan_overdue(clock()) == 1
    return Prompt.objects.get(installment=row)


class TestAStageThatIsToldAgain:
    def test_its_firm_is_not_asked_for_what_is_rejected_while_a_booking_is_in_doubt(self) -> None:
        row = make_overdue(7)
        about, before = dispute(row), turns()
        book_what_cannot_be_true(row.loan)
        decided(about)
        assert (duty_of(again()).status, turns()) == (Status.HELD, before)
        assert claim("sms", MORNING + 5 * HOUR) == []

    def test_it_is_asked_once_the_doubt_is_over_and_has_the_time_that_is_left(self) -> None:
        row = make_overdue(7)
        about, before = dispute(row), turns()
        payment = book_what_cannot_be_true(row.loan)
        decided(about)
        clear(payment)
        sweep(MORNING + HOUR)
        assert turns() == [*before, ("overdue", 16, "harbour")]
        assert (duty_of(again()).status, duty_of(again()).portal_at) == (Status.WAITING, MORNING + 4 * HOUR)
        assert report(row, at=MORNING + 2 * HOUR, kind="overdue", proof="delivered") == ("applied", "")
        assert again().status == Prompt.Status.FIRM_TOLD

    def test_where_none_is_left_the_portal_tells_and_no_silence_is_held_against_the_firm(self) -> None:
        row = make_overdue(7)
        about, before = dispute(row), turns()
        payment = book_what_cannot_be_true(row.loan)
        decided(about)
        take_over(MORNING + 4 * HOUR)
        assert claim("sms", MORNING + 5 * HOUR) == []
        clear(payment)
        sweep(MORNING + 5 * HOUR)
        assert (turns(), duty_of(again()).status) == (before, Status.HELD)
        assert len(claim("sms", MORNING + 5 * HOUR)) == 1
        assert [score.all for score in read_scores(MORNING + 5 * HOUR)] == []

    def test_after_an_outage_it_is_the_same(self) -> None:
        row = outages.make_overdue()
        outage, before = outages.declare(), turns()
        payment = book_what_cannot_be_true(row.loan)
        end_outage(outage.pk, now=NOON + 20 * HOUR)
        outages.sweep(NOON + 20 * HOUR)
        assert turns() == before
        clear(payment)
        outages.sweep(NOON + 20 * HOUR)
        assert turns() == [*before, ("overdue", 8, "harbour")]

    def test_what_a_firm_sent_and_nobody_has_applied_keeps_it_from_being_asked_alike(self) -> None:
        row = make_overdue(7)
        about, before = dispute(row), turns()
        facts = {"partner": row.loan.bank_id}
        Alarm.objects.create(kind="unread", subject="harbour", detail="-", facts=facts, opened_at=NOON)
        decided(about)
        assert turns() == before
        Alarm.objects.update(closed_at=MORNING)
        sweep(MORNING)
        assert turns() == [*before, ("overdue", 16, "harbour")]


class TestAStageOfThePlan:
    @pytest.mark.parametrize("by", ["event", "statement"])
    def test_a_doubt_takes_the_turn_back_and_its_end_gives_it_again(self, by: str) -> None:
        prompt = overdue()
        loan = prompt.loan
        if by == "event":
            book_what_cannot_be_true(loan)
        else:
            line = {"side": "credit", "amount": 9000, "currency": "CNY", "match": "unmatched", "why": TOO_MUCH.reason}
            StatementLine.objects.create(report=applied(loan), loan=loan, **line)
        sweep(SOON)
        assert duty_of(prompt).status == Status.HELD
        assert heard("prompt.withdrawn") == [("overdue", 1, "in_doubt")]
        StatementLine.objects.update(match="ignored")
        if by == "event":
            close_by_hand(Alarm.objects.get().pk, by=make_agent(), because="No such payment.", now=SOON)
        sweep(NOON + 2 * HOUR)
        assert (duty_of(prompt).status, duty_of(prompt).due_at) == (Status.WAITING, NOON + 4 * HOUR)
        assert turns() == [("overdue", 1, "harbour")] * 2
        take_over(NOON + 4 * HOUR)
        assert duty_of(prompt).status == Status.TAKEN_OVER

    def test_a_look_more_says_nothing_more(self) -> None:
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        sweep(SOON)
        clear(payment)
        sweep(SOON)
        sweep(SOON)
        assert (len(turns()), len(heard("prompt.withdrawn"))) == (2, 1)

    def test_a_dispute_after_that_is_told_to_the_firm_again(self) -> None:
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        clear(payment)
        sweep(SOON)
        dispute(Installment.objects.get())
        assert [why for _kind, _stage, why in heard("prompt.withdrawn")] == ["in_doubt", "disputed"]
        assert duty_of(prompt).status == Status.VOID

    def test_what_ends_while_it_is_held_is_void_and_nobody_is_told_twice(self) -> None:
        prompt = overdue()
        book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        dispute(Installment.objects.get())
        assert duty_of(prompt).status == Status.VOID
        assert [why for _kind, _stage, why in heard("prompt.withdrawn")] == ["in_doubt"]

    def test_another_period_of_the_loan_stays_its_firms_to_tell(self) -> None:
        prompt = overdue()
        make_installment(prompt.loan, due_on=NOON.date() + 30 * DAY, number=2)
        book_what_cannot_be_true(prompt.loan, number=2)
        sweep(SOON)
        assert duty_of(prompt).status == Status.WAITING

    def test_a_reminder_is_no_demand_and_stays_its_firms_to_tell(self) -> None:
        make_rule(kind="upcoming")
        row = due_in(3)
        with time_machine.travel(NOON, tick=False):
            tasks.plan()
        book_what_cannot_be_true(row.loan)
        sweep(SOON)
        assert Duty.objects.get().status == Status.WAITING

    def test_with_less_than_an_hour_left_the_portal_tells(self) -> None:
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        clear(payment)
        sweep(NOON + 3 * HOUR + timedelta(minutes=1))
        assert (duty_of(prompt).status, len(turns())) == (Status.HELD, 1)
        assert claim("sms", NOON + 4 * HOUR - timedelta(seconds=1)) == []
        assert len(claim("sms", NOON + 4 * HOUR)) == 1

    def test_of_two_firms_the_one_in_whose_time_it_ends_is_asked(self) -> None:
        make_rule(kind="overdue", hours=2, backup="platform", backup_hours=3, valid_from=NOON)
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        clear(payment)
        sweep(NOON + 2 * HOUR)
        assert (duty_of(prompt).status, duty_of(prompt).due_at) == (Status.PASSED_ON, NOON + 5 * HOUR)
        assert turns() == [("overdue", 1, "harbour"), ("overdue", 1, "lantern")]


class TestWhatTheFirmSaysMeanwhile:
    def test_what_it_told_is_told(self) -> None:
        prompt = overdue()
        book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        row = Installment.objects.get()
        assert report(row, at=NOON + 2 * HOUR, kind="overdue", proof="delivered") == ("applied", "")
        assert duty_of(prompt).status == Status.MET

    def test_a_firm_that_reached_nobody_is_not_asked_again(self) -> None:
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        assert report(Installment.objects.get(), at=SOON, kind="overdue", proof="failed") == ("applied", "")
        assert (duty_of(prompt).status, duty_of(prompt).why_late) == (Status.TAKEN_OVER, "not_reached")
        assert claim("sms", NOON + 2 * HOUR) == []
        clear(payment)
        sweep(NOON + 2 * HOUR)
        assert (len(turns()), len(claim("sms", NOON + 2 * HOUR))) == (1, 1)


def test_turns_in_doubt_are_found_by_their_loans_and_no_prompt_of_others_is_read() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = {"demands": list(Prompt.HELD_BY_DISPUTE), "unread": []}
        cursor.execute(f"EXPLAIN {holding_turns._HOLD_DOUBTED}", asked)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "prompt_once_an_installment" in plan
    assert "Seq Scan on notifications_prompt" not in plan
