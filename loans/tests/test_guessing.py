"""What an agent is offered for a line that nothing was matched to."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_borrower
from loans.intake.guessing import MOST, guesses
from loans.models import Installment, StatementLine
from loans.tests.factories import make_installment, make_loan
from loans.tests.test_deciding import make_line

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 25)


def owed(number: str, name: str, amount: int) -> Installment:
    return make_installment(make_loan(make_borrower(name=name), external_id=number), due_on=DUE, total=Decimal(amount))


def offered(line: StatementLine) -> list[tuple[str, list[str]]]:
    return [(guess.installment.loan.external_id, [str(words) for words in guess.reasons]) for guess in guesses(line)]


def test_a_number_with_a_slip_a_name_and_the_amount_are_each_a_reason_and_rank_together() -> None:
    owed("HB-2026-00417", "Chen Yu", 100)
    owed("HB-2026-00950", "Wang Fang", 100)
    owed("QX-77", "Li Na", 40)
    line = make_line(remittance="HB 202600417 repay for CHEN YU")
    found = offered(line)
    assert [number for number, _reasons in found] == ["HB-2026-00417", "HB-2026-00950"]
    assert found[0][1] == [
        "the text has a number like that of this loan",
        "exactly this much is left to pay",
        "the text has a name like the borrower's",
    ]
    assert found[1][1][-1] == "exactly this much is left to pay"


def test_a_name_alone_finds_the_loan_and_a_part_is_said_to_be_one() -> None:
    owed("QX-77", "Li Na", 340)
    assert offered(make_line(remittance="transfer from Li Na")) == [
        ("QX-77", ["the text has a name like the borrower's", "it would be a part of what is left"])
    ]


def test_nothing_is_offered_of_another_bank_currency_or_of_what_is_settled() -> None:
    Installment.objects.filter(pk=owed("QX-77", "Li Na", 100).pk).update(state="settled", paid=100, outstanding=0)
    make_installment(make_loan(make_borrower(name="Li Na"), external_id="QX-78", currency="USD"), due_on=DUE)
    assert offered(make_line(remittance="QX-77 Li Na")) == []


def test_what_is_offered_costs_two_queries_however_much_there_is() -> None:
    for number in range(40):
        owed(f"QX-{number:03}", f"Li Na {number}", 100)
    line = make_line(remittance="QX-01 Li Na")
    with CaptureQueriesContext(connection) as asked:
        found = guesses(line)
    assert len(found) == MOST
    assert len(asked) == 2
