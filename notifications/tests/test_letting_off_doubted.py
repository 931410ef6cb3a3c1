"""No firm demands what the portal itself would not: a booking that may pay it is in doubt. The portal tells later."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from loans.intake.likely import TOO_MUCH
from loans.models import Installment, Loan, OutwardEvent, Payment, PaymentWord, Report, StatementLine
from loans.outages import end_outage
from loans.tests.factories import make_bank, make_installment, make_platform
from loans.tests.outward import hear as hear_events
from notifications import letting_off, tasks
from notifications.firm_scores import read_scores
from notifications.models import Duty, Prompt
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
SECOND = timedelta(seconds=1)
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
    word: dict[str, Any] = {
        "partner": loan.bank,
        "number": number,
        "as_of": NOON,
        "named_at": NOON,
        "report": applied(loan),
    }
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
    def test_its_firm_is_not_asked_for_what_is_rejected_and_the_portal_tells_once_the_doubt_is_over(self) -> None:
        row = make_overdue(7)
        about, before = dispute(row), turns()
        payment = book_what_cannot_be_true(row.loan)
        decided(about)
        assert (duty_of(again()).status, turns(), heard("prompt.withdrawn")[1:]) == (Status.VOID, before, [])
        take_over(MORNING + 4 * HOUR)
        assert claim("sms", MORNING + 5 * HOUR) == []
        clear(payment)
        sweep(MORNING + 5 * HOUR)
        assert (turns(), len(claim("sms", MORNING + 5 * HOUR))) == (before, 1)
        assert [score.all for score in read_scores(MORNING + 5 * HOUR)] == []

    def test_after_an_outage_it_is_the_same(self) -> None:
        row = outages.make_overdue()
        outage, before = outages.declare(), turns()
        book_what_cannot_be_true(row.loan)
        end_outage(outage.pk, now=NOON + 20 * HOUR)
        outages.sweep(NOON + 20 * HOUR)
        assert turns() == before
        assert duty_of(Prompt.objects.get(kind="overdue", stage=8)).status == Status.VOID

    def test_without_a_doubt_it_is_asked(self) -> None:
        row = make_overdue(7)
        about, before = dispute(row), turns()
        clear(book_what_cannot_be_true(row.loan))
        decided(about)
        assert turns() == [*before, ("overdue", 16, "harbour")]


class TestAStageOfThePlan:
    @pytest.mark.parametrize("by", ["event", "statement"])
    def test_a_doubt_ends_the_turn_at_once_and_the_portal_tells_at_its_time(self, by: str) -> None:
        prompt = overdue()
        loan = prompt.loan
        if by == "event":
            book_what_cannot_be_true(loan)
        else:
            line = {"side": "credit", "amount": 9000, "currency": "CNY", "match": "unmatched", "why": TOO_MUCH.reason}
            StatementLine.objects.create(report=applied(loan), loan=loan, **line)
        sweep(SOON)
        sweep(SOON)
        assert (duty_of(prompt).status, heard("prompt.withdrawn")) == (Status.VOID, [("overdue", 1, "in_doubt")])
        assert claim("sms", NOON + 4 * HOUR) == []
        StatementLine.objects.update(match="ignored")
        Payment.everything.update(status="returned")
        sweep(NOON + 2 * HOUR)
        assert (len(turns()), claim("sms", NOON + 4 * HOUR - SECOND)) == (1, [])
        assert len(claim("sms", NOON + 4 * HOUR)) == 1
        assert [score.all for score in read_scores(NOON + 5 * HOUR)] == []

    def test_a_dispute_after_that_is_no_news_to_the_firm(self) -> None:
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

    def test_a_firm_whose_time_was_over_before_is_not_let_off(self) -> None:
        prompt = overdue()
        book_what_cannot_be_true(prompt.loan)
        sweep(NOON + 5 * HOUR)
        assert duty_of(prompt).status == Status.WAITING
        take_over(NOON + 5 * HOUR)
        assert duty_of(prompt).status == Status.TAKEN_OVER


class TestWhatTheFirmSaysMeanwhile:
    def test_what_it_told_all_the_same_is_told_and_nobody_is_told_twice(self) -> None:
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        row = Installment.objects.get()
        assert report(row, at=NOON + 2 * HOUR, kind="overdue", proof="delivered") == ("applied", "")
        prompt.refresh_from_db()
        assert (duty_of(prompt).status, prompt.status) == (Status.MET, Prompt.Status.FIRM_TOLD)
        clear(payment)
        sweep(NOON + 4 * HOUR)
        assert claim("sms", NOON + 4 * HOUR) == []

    def test_what_it_tells_of_a_stage_that_it_was_not_asked_for_counts(self) -> None:
        row = make_overdue(7)
        about = dispute(row)
        book_what_cannot_be_true(row.loan)
        decided(about)
        at = MORNING + HOUR
        assert report(row, at=at, kind="overdue", prompt=again().pk, proof="delivered") == ("applied", "")
        assert duty_of(again()).status == Status.MET

    def test_that_it_reached_nobody_changes_nothing(self) -> None:
        prompt = overdue()
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        report(Installment.objects.get(), at=SOON, kind="overdue", proof="failed")
        assert duty_of(prompt).status == Status.VOID
        clear(payment)
        sweep(NOON + 2 * HOUR)
        assert len(claim("sms", NOON + 4 * HOUR)) == 1

    def test_a_later_stage_is_told_by_its_own_word(self) -> None:
        """A turn that is over takes no word that is about another one."""
        prompt = overdue(1)
        payment = book_what_cannot_be_true(prompt.loan)
        sweep(SOON)
        clear(payment)
        row, later = Installment.objects.get(), NOON + 2 * DAY
        with time_machine.travel(later, tick=False):
            assert plan_overdue(clock(later)) == 1
        assert report(row, at=later + HOUR, kind="overdue", proof="delivered") == ("applied", "")
        assert duty_of(Prompt.objects.get(kind="overdue", stage=3)).status == Status.MET


def test_turns_in_doubt_are_found_by_their_loans_and_no_prompt_of_others_is_read() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {letting_off._DOUBTED}", {"demands": letting_off._DEMANDS, "now": NOON})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on notifications_prompt" not in plan
    assert "Seq Scan on loans_installment" not in plan
