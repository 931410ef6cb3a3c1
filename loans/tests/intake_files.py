"""Files of many loans and of many bookings, for what the intake does with sets."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from loans.intake.reports import Outcome, receive
from loans.intake.statement_records import EntryRecord, TransactionRecord
from loans.models import Report
from loans.tests.camt_files import write_statement
from loans.tests.fineract_files import DISBURSEMENT, loan_json, period_json, write_json

TOTAL = Decimal("510.25")


def loan_of(number: int, *, due: str = "2026-12-05", email: str = "example.test", **fields: Any) -> dict[str, Any]:
    """Loan LN-`number` of two open installments; two neighbours have one borrower."""
    person = number // 2
    client = {
        "externalId": f"B-{person}",
        "displayName": f"Lin {person}",
        "mobileNo": f"+86138{person:08d}",
        "emailAddress": f"lin{person}@{email}",
    }
    periods = [DISBURSEMENT, period_json(1, due, Outstanding=TOTAL), period_json(2, "2027-01-05", Outstanding=TOTAL)]
    return loan_json(
        **{"externalId": f"LN-{number}", "client": client, "repaymentSchedule": {"periods": periods}} | fields
    )


def seen(reference: str) -> dict[str, Any]:
    """A repayment of one installment."""
    return {"type": {"repayment": True}, "externalId": reference, "date": [2026, 11, 20], "amount": TOTAL}


def send_loans(loans: Iterable[dict[str, Any]], partner: str = "harbour") -> Outcome:
    return receive(partner, Report.Kind.LOANS, "loans.json", write_json(list(loans)))


def booked(number: int, end_to_end_id: str | None = None, text: str | None = None, **fields: Any) -> EntryRecord:
    """The bank's entry R-`number`: one installment's money, by end-to-end id or remittance text."""
    paid = TransactionRecord(None, None, end_to_end_id, None, text, "credit")
    day = date(2026, 12, 1)
    said: dict[str, Any] = {
        "account": "6222000011",
        "amount": TOTAL,
        "currency": "CNY",
        "side": "credit",
        "status": "BOOK",
        "booking_date": day,
        "value_date": day,
        "reversal": False,
        "reference": f"R-{number}",
        "transactions": (paid,),
        "place": "",
    }
    return EntryRecord(**said | fields)


def send_entries(entries: Iterable[EntryRecord], partner: str = "harbour") -> Outcome:
    return receive(partner, Report.Kind.STATEMENT, "054.xml", write_statement(entries))
