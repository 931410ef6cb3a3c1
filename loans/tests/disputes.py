"""Disputes for tests."""

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.dispatch import Signal

from loans.disputes import open_dispute
from loans.files import CheckedFile
from loans.models import Dispute, Installment, Loan
from loans.tests.factories import make_loan

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Shanghai
FILE = CheckedFile("bill.pdf", "application/pdf", b"%PDF-1.7 %%EOF")


def make_dispute(loan: Loan | None = None, **fields: Any) -> Dispute:
    loan = loan or make_loan()
    return open_dispute(
        **{
            "borrower": loan.borrower,
            "loan": loan,
            "installment": None,
            "kind": Dispute.Kind.NOT_TOLD,
            "words": "Nobody told me.",
            "files": [],
            "about": "",
            "now": NOON,
            **fields,
        }
    )


def write_dispute(installment: Installment) -> Dispute:
    """A dispute that nothing has heard of yet, as in the moment of its commit."""
    loan = installment.loan
    return Dispute.objects.create(
        receipt_number="D-1",
        borrower=loan.borrower,
        loan=loan,
        installment=installment,
        kind=Dispute.Kind.NOT_TOLD,
        opened_at=NOON,
        answer_due_on=NOON.date(),
    )


@contextmanager
def heard(signal: Signal) -> Any:
    """What is sent on a signal meanwhile, and whether it came inside a transaction."""
    calls: list[dict[str, Any]] = []

    def hear(**facts: Any) -> None:
        assert connection.in_atomic_block
        calls.append({name: value for name, value in facts.items() if name not in {"signal", "sender"}})

    signal.connect(hear)
    try:
        yield calls
    finally:
        signal.disconnect(hear)
