"""Two intakes at the same moment, each on a connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import ContactPoint, User
from loans.intake import chunks
from loans.intake.reports import Outcome
from loans.models import Installment, Loan, Payment, Position, StatementLine
from loans.tests.factories import make_bank, make_platform
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
Send = Callable[[], Outcome]


@pytest.fixture(autouse=True)
def _partners() -> None:
    make_bank()
    make_platform()


def elsewhere(send: Send) -> Outcome:
    try:
        return send()
    finally:
        connection.close()


def at_once(*sends: Send) -> list[Outcome]:
    start = Barrier(len(sends))

    def run(send: Send) -> Outcome:
        connection.ensure_connection()
        start.wait(timeout=10)
        return elsewhere(send)

    with ThreadPoolExecutor(len(sends)) as pool:
        return [running.result(60) for running in [pool.submit(run, send) for send in sends]]


def waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def one_behind_the_other(first: Send, second: Send) -> list[Outcome]:
    """The transaction of the first ends only when the second is seen waiting for it."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            outcome = first()
            running = pool.submit(elsewhere, second)
            assert any(waits() for _ in range(5000)), "the second does not wait"
        return [outcome, running.result(60)]


def counts() -> tuple[int, ...]:
    tables = (Loan, Installment, Position, User, ContactPoint)
    return tuple(table.objects.count() for table in tables)


def test_overlapping_files_make_each_loan_and_person_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BATCH", 7)
    first, second = [loan_of(number) for number in range(10, 70)], [loan_of(number) for number in range(99, 40, -1)]
    outcomes = at_once(lambda: send_loans(first), lambda: send_loans(second))
    assert [outcome.refusals for outcome in outcomes] == [[], []]
    assert counts() == (90, 180, 180, 45, 90)
    assert sum(outcome.applied for outcome in outcomes) == 90
    assert sum(outcome.unchanged for outcome in outcomes) == 29


def test_an_intake_that_waits_for_another_one_finds_what_it_made() -> None:
    first, second = [loan_of(number) for number in range(10, 20)], [loan_of(number) for number in range(14, 24)]
    outcomes = one_behind_the_other(lambda: send_loans(first), lambda: send_loans(second))
    assert [(outcome.applied, outcome.unchanged, outcome.refusals) for outcome in outcomes] == [(10, 0, []), (4, 6, [])]
    assert counts() == (14, 28, 28, 7, 14)


def test_a_movement_in_two_files_at_once_is_booked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BATCH", 5)
    numbers = range(10, 40)
    send_loans(loan_of(number) for number in numbers)
    entries = [booked(number, f"E-{number}", f"LN-{number}") for number in numbers]
    stray = [booked(number, text="rent") for number in range(100, 110)]
    outcomes = at_once(lambda: send_entries(entries + stray), lambda: send_entries(stray + entries[::-1]))
    assert [outcome.refusals for outcome in outcomes] == [[], []]
    assert (StatementLine.objects.count(), Payment.objects.count()) == (40, 30)
    assert Installment.objects.filter(state="settled").count() == 30
    assert sum(outcome.applied for outcome in outcomes) == 30
    assert sum(outcome.unmatched for outcome in outcomes) == 10


def test_a_booking_that_waits_for_the_same_one_changes_nothing() -> None:
    send_loans([loan_of(10)])
    entry, same = booked(1, text="LN-10"), [booked(1, text="LN-10"), booked(2, text="rent")]
    outcomes = one_behind_the_other(lambda: send_entries([entry]), lambda: send_entries(same))
    assert [(outcome.applied, outcome.unchanged, outcome.unmatched) for outcome in outcomes] == [(1, 0, 0), (0, 1, 1)]
    assert Payment.objects.count() == 1


def test_what_the_platform_saw_and_what_the_bank_booked_at_once_is_one_payment() -> None:
    numbers = range(10, 30)
    send_loans(loan_of(number) for number in numbers)
    told = [loan_of(number, transactions=[seen(f"E-{number}")]) for number in numbers]
    entries = [booked(number, f"E-{number}", f"LN-{number}") for number in numbers[::-1]]
    at_once(lambda: send_loans(told, "lantern"), lambda: send_entries(entries))
    assert set(Payment.objects.values_list("status", flat=True)) == {"settled"}
    assert Payment.objects.count() == StatementLine.objects.filter(match="matched").count() == 20
    assert Installment.objects.filter(state="settled").count() == 20


def test_an_intake_that_is_caught_in_a_deadlock_is_tried_again() -> None:
    """The test holds the last loan, waits for the intake to hold the first one, and then asks for that, too."""
    send_loans([loan_of(10), loan_of(12)])
    first, last = Loan.objects.order_by("pk")
    changed = [loan_of(10, due="2026-12-20"), loan_of(12, due="2026-12-20")]

    def lock(loan: Loan) -> Any:
        return Loan.objects.select_for_update().get(pk=loan.pk)

    with ThreadPoolExecutor(1) as pool:
        try:
            with transaction.atomic():
                lock(last)
                running = pool.submit(elsewhere, lambda: send_loans(changed))
                assert any(waits() for _ in range(5000)), "the intake does not wait"
                lock(first)
        except OperationalError:
            pass  # the database may as well end this side
        outcome = running.result(60)
    assert (outcome.applied, outcome.refusals) == (2, [])
    assert Installment.objects.filter(due_on="2026-12-20", version=2).count() == 2


def test_a_booking_and_its_return_at_once_end_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BATCH", 5)
    numbers = range(10, 40)
    send_loans(loan_of(number) for number in numbers)
    entries = [booked(number, f"E-{number}", f"LN-{number}") for number in numbers]
    returns = [
        booked(number, f"E-{number}", side="debit", reversal=True, reference=f"X-{number}") for number in numbers
    ]
    returns = [replace(item, transactions=(replace(item.transactions[0], side="debit"),)) for item in returns]
    at_once(lambda: send_entries(returns), lambda: send_entries(entries))
    assert set(Payment.objects.values_list("status", flat=True)) == {"returned"}
    assert not StatementLine.objects.waiting().exists()
    assert Installment.objects.filter(state="open").count() == 60
