"""An operator replays all reports beside the tables and sees whether the two agree."""

import pytest
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import make_agent
from loans import tasks
from loans.intake.deciding import match_line, set_aside
from loans.intake.state import state_of
from loans.intake.statement_records import TransactionRecord
from loans.intake.taking_back import take_back_decision
from loans.models import Installment, Partner, Report, StatementLine
from loans.tests.factories import make_bank, make_platform
from loans.tests.import_runs import run
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans
from loans.tests.pushing import event, make_key, push
from loans.waiting import stop_waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _history() -> None:
    make_bank()
    make_platform()
    send_entries([booked(1, "E-10", "LN-10"), booked(2, text="rent"), booked(3, text="thanks")])
    send_loans([loan_of(number, transactions=[seen(f"E-{number}")]) for number in (10, 12)], "lantern")
    send_loans([loan_of(number, due="2026-12-20") for number in (10, 12)])
    lines = list(StatementLine.objects.waiting().order_by("reference"))
    now, agent = Report.objects.latest("received_at").received_at, make_agent()
    target = Installment.objects.get(payment_reference="LN-12-2")
    match_line(line_id=lines[0].pk, installment_id=target.pk, agent=agent, now=now)
    set_aside(line_id=lines[1].pk, reason="a gift", agent=agent, now=now)


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'loans%'")
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.parametrize("order", [[], ["--shuffled", "1"], ["--shuffled", "2"]])
def test_the_reports_and_the_decisions_give_the_state_that_is_on_record(order: list[str]) -> None:
    ended = run("replay_reports", *order)
    assert (ended.code, ended.out) == (0, "The same state by 3 reports.\n")
    assert "3 of 3 reports" in ended.err
    assert schemas() == set()


@pytest.mark.parametrize("order", [[], ["--shuffled", "1"]])
def test_a_decision_that_was_taken_back_is_not_made_again(order: list[str]) -> None:
    """One of what the bank has taken back meanwhile, too."""
    out = TransactionRecord(None, None, None, None, None, "debit")
    send_entries([booked(2, side="debit", reversal=True, transactions=(out,))])
    assert StatementLine.objects.get(side="debit").payment is not None
    for line in StatementLine.objects.exclude(decided_by=None):
        take_back_decision(line.pk, agent=make_agent(), now=timezone.now())
    assert StatementLine.objects.waiting().count() == 3
    ended = run("replay_reports", *order)
    assert (ended.code, ended.out) == (0, "The same state by 4 reports.\n")


def test_what_does_not_come_from_the_reports_is_named() -> None:
    Installment.objects.filter(payment_reference="LN-12-1").update(settled_on="2026-11-11")
    ended = run("replay_reports")
    assert ended.code == 2
    assert ended.out.startswith("installments: 1 only on record, 1 only by the reports")
    assert "LN-12" in ended.out
    assert schemas() == set()


@pytest.mark.parametrize("order", [[], ["--shuffled", "3"]])
def test_pushed_events_are_replayed_and_so_is_that_nobody_waits_any_more(order: list[str]) -> None:
    secrets = {code: make_key(Partner.objects.get(code=code)) for code in ("harbour", "lantern")}
    about = {"loan": "LN-12", "currency": "CNY"}
    paid = {"payment": "E-77", "amount": "120.00", "paid_on": "2026-11-26", "installment": 1}
    snapshot = {"installments": [{"number": 9, "paid": "1.00", "outstanding": "0.00"}]}
    push("lantern", secrets["lantern"], event("payment.received", about | paid))
    push("harbour", secrets["harbour"], event("position.snapshot", about | snapshot))
    push("harbour", secrets["harbour"], event("payment.returned", about | paid | {"payment": "E-78"}))
    push("lantern", secrets["lantern"], event("position.snapshot", {"loan": "LN-99", "currency": "CNY"} | snapshot))
    tasks.apply_events()
    waiting = Installment.objects.filter(loan__external_id="LN-12", state="awaiting_bank").first()
    assert waiting
    assert stop_waiting(waiting.pk, now=timezone.now())
    before = state_of()
    ended = run("replay_reports", *order)
    assert (ended.code, ended.out) == (0, "The same state by 7 reports.\n")
    assert state_of() == before
