"""The intake takes records in chunks: few statements, and the same outcome as one by one."""

from collections.abc import Callable, Iterable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from loans import signals
from loans.intake import chunks
from loans.intake.reports import Outcome
from loans.models import Installment, Loan, Payment, StatementLine
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_platform
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans

pytestmark = pytest.mark.django_db
FEW, MANY = range(10, 14), range(20, 60)
BOTH = [*FEW, *MANY]


@pytest.fixture(autouse=True)
def _partners() -> None:
    make_bank()
    make_platform()


def statements(action: Callable[[], Outcome]) -> int:
    with CaptureQueriesContext(connection) as ran:
        outcome = action()
    assert not outcome.refusals
    return len(ran)


def cost(send: Callable[[Iterable[int]], Outcome]) -> tuple[int, int]:
    """How many statements a chunk of four takes, and one of forty."""
    return statements(lambda: send(FEW)), statements(lambda: send(MANY))


def send_plain(numbers: Iterable[int]) -> Outcome:
    return send_loans(loan_of(number) for number in numbers)


def send_paid(numbers: Iterable[int], partner: str = "harbour") -> Outcome:
    return send_loans((loan_of(number, transactions=[seen(f"E-{number}")]) for number in numbers), partner)


def send_changed(numbers: Iterable[int]) -> Outcome:
    return send_loans(loan_of(number, due="2026-12-20", email="new.test") for number in numbers)


def test_new_loans_cost_a_fixed_number_of_statements() -> None:
    few, many = cost(send_paid)
    assert few == many < 63
    assert (Loan.objects.count(), User.objects.count(), Payment.objects.count()) == (44, 22, 44)


def test_loans_that_are_known_cost_a_fixed_number_of_statements() -> None:
    send_paid(BOTH)
    few, many = cost(send_plain)
    assert few == many < 34


def test_changes_of_schedules_and_people_cost_a_fixed_number_of_statements() -> None:
    send_plain(BOTH)
    few, many = cost(send_changed)
    assert few == many < 63
    assert Installment.objects.filter(due_on="2026-12-20", version=2).count() == 44
    assert User.objects.filter(email__endswith="@new.test").count() == 22


def test_a_platforms_payments_cost_a_fixed_number_of_statements() -> None:
    send_plain(BOTH)
    few, many = cost(lambda numbers: send_paid(numbers, "lantern"))
    assert few == many < 56
    assert Payment.objects.filter(status="received").count() == 44


@pytest.mark.parametrize("paid_before", [True, False])
def test_bookings_of_different_loans_cost_a_fixed_number_of_statements(paid_before: bool) -> None:
    send_plain(BOTH)
    if paid_before:
        send_paid(BOTH, "lantern")
    few, many = cost(lambda numbers: send_entries(booked(n, f"E-{n}", f"for LN-{n}") for n in numbers))
    assert few == many < 74
    assert StatementLine.objects.filter(match="matched").count() == 44
    assert Payment.objects.filter(status="settled").count() == Payment.objects.count() == 44
    assert Installment.objects.filter(state="settled").count() == 44


def test_the_floors_above_hear_of_a_chunk_at_once() -> None:
    with heard(signals.installments_changed) as changed, heard(signals.payments_settled) as settled:
        send_paid(MANY)
    assert [len(call["installment_ids"]) for call in changed] == [80]
    assert [len(call["payment_ids"]) for call in settled] == [40]


def test_a_long_file_is_applied_in_several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "BATCH", 7)
    with heard(signals.installments_changed) as changed:
        assert send_plain(MANY).applied == 40
    assert len(changed) == 6


def test_bookings_of_one_loan_settle_its_periods_one_after_the_other() -> None:
    send_plain([10, 11])
    texts = ["LN-10", "LN-11", "LN-10", "LN-10"]
    outcome = send_entries(booked(number, text=text) for number, text in enumerate(texts))
    assert (outcome.applied, outcome.unmatched) == (3, 1)
    assert StatementLine.objects.get(match="unmatched").why == "loan LN-10 has nothing left to pay"
    assert set(Installment.objects.filter(loan__external_id="LN-10").values_list("state", flat=True)) == {"settled"}


def test_an_end_to_end_id_that_comes_twice_in_a_file_books_each_loan_that_is_named() -> None:
    send_plain([10, 11])
    outcome = send_entries([booked(1, "E-1", "LN-10"), booked(2, "E-1", "LN-11")])
    assert (outcome.applied, outcome.unmatched) == (2, 0)
    assert set(Payment.objects.values_list("loan__external_id", flat=True)) == {"LN-10", "LN-11"}


def test_an_end_to_end_id_that_comes_twice_for_a_loan_books_it_once() -> None:
    send_plain([10])
    outcome = send_entries([booked(1, "E-1", "LN-10"), booked(2, "E-1", "LN-10")])
    assert (outcome.applied, outcome.unmatched) == (1, 1)
    assert StatementLine.objects.get(match="unmatched").why == "this payment was booked by an earlier line"
    assert Payment.objects.count() == 1


def test_a_movement_that_stands_twice_in_a_file_is_kept_once() -> None:
    send_plain([10])
    outcome = send_entries([booked(1, text="LN-10"), booked(1, text="LN-10")])
    assert (outcome.applied, outcome.unchanged, StatementLine.objects.count()) == (1, 1, 1)


def test_a_person_named_differently_within_a_file_is_taken_in_the_order_of_the_file() -> None:
    """All three loans are one person's: the second brings a new email, and the third the one that it replaced."""
    outcome = send_loans([loan_of(10), loan_of(11, email="new.test"), loan_of(10, externalId="LN-99")])
    assert outcome.remarks == ["borrower B-5: the email was replaced by a newer one before and was left alone"]
    person = User.objects.get()
    assert person.email == person.contact_points.live().get(kind="email").address == "lin5@new.test"
    assert person.contact_points.filter(kind="email").count() == 2
