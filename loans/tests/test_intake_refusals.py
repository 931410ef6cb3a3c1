"""What is wrong with one record of a chunk leaves the others alone."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from accounts.models import User
from loans.intake.apply_loans import apply_loans
from loans.intake.chunks import Apply, apply_in_chunks
from loans.intake.news import News, RefusedError
from loans.intake.records import BorrowerRecord, Code, LoanRecord, Refusal
from loans.models import Loan, Report
from loans.tests.factories import make_bank

pytestmark = pytest.mark.django_db


def record(number: int, **fields: Any) -> LoanRecord:
    said: dict[str, Any] = {
        "external_id": f"LN-{number}",
        "currency": "CNY",
        "principal": Decimal(300),
        "product": None,
        "disbursed_on": None,
        "borrower": BorrowerRecord(f"B-{number}", "Lin", f"+86138{number:08d}", None, None, None),
        "installments": (),
        "repayments": (),
        "place": f"loan {number}",
    }
    return LoanRecord(**said | fields)


def apply(*items: LoanRecord | Refusal, way: Apply = apply_loans) -> list[News | Refusal]:
    report = Report.objects.create(
        partner=make_bank(), kind="loans", name="loans.json", content=b"", digest="d", received_at=timezone.now()
    )
    return list(apply_in_chunks(report, items, way))


def places(answers: list[News | Refusal]) -> list[str]:
    """The place of each refusal, nothing for what was taken."""
    return [answer.place if isinstance(answer, Refusal) else "" for answer in answers]


def loans() -> list[str]:
    return sorted(Loan.objects.values_list("external_id", flat=True))


def test_a_record_that_the_database_refuses_is_refused_alone() -> None:
    answers = apply(record(1), record(2, principal=Decimal(-1)), record(3))
    assert places(answers) == ["", "loan 2", ""]
    assert (loans(), User.objects.count()) == (["LN-1", "LN-3"], 2)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [({"principal": Decimal(-1)}, "loan_principal_not_negative"), ({"principal": Decimal(10**15)}, "22003")],
)
def test_the_refusal_names_the_rule_and_nobody(
    wrong: dict[str, Any], rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    [refusal] = apply(record(2, **wrong))
    assert isinstance(refusal, Refusal)
    assert rule in refusal.reason
    assert rule in caplog.text
    assert not any(word in caplog.text + str(refusal) for word in ("Lin", "+86138"))


def test_answers_come_in_the_order_of_the_file() -> None:
    unread = Refusal("loans.json", "loan 2", "cannot be read", Code.VALUE)
    assert places(apply(record(1), unread, record(3, principal=Decimal(-1)), record(4))) == ["", "loan 2", "loan 3", ""]
    assert loans() == ["LN-1", "LN-4"]


def test_a_borrower_from_the_desk_is_refused_alone() -> None:
    User.objects.create_user(name="Agent", phone="+8613800000002", is_staff=True)
    assert places(apply(record(1), record(2), record(3))) == ["", "loan 2", ""]
    assert loans() == ["LN-1", "LN-3"]


def test_a_fault_that_is_not_the_records_is_raised() -> None:
    def ask_amiss(*_: object) -> list[News | RefusedError]:
        connection.cursor().execute("SELECT * FROM no_such_table")
        return []

    with pytest.raises(ProgrammingError):
        apply(record(1), way=ask_amiss)
