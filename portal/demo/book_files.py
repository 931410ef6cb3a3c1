"""The book as the files that a bank and a platform send: all that happens later comes from them."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from portal.demo.book import PlannedLoan


def bank_json(loans: Iterable[PlannedLoan]) -> bytes:
    """The bank's loans in the shape of Apache Fineract's `GET /loans?associations=repaymentSchedule`."""
    return json.dumps(
        {"pageItems": [_fineract(loan) for loan in loans]}, ensure_ascii=False, indent=1, default=float
    ).encode()


def platform_json(loans: Iterable[PlannedLoan]) -> bytes:
    """The platform's view of loans whose borrowers paid there: the same shape, with the payments that it saw."""
    return json.dumps([_seen_by_platform(loan) for loan in loans], ensure_ascii=False, indent=1, default=float).encode()


def bank_csv(loans: Iterable[PlannedLoan]) -> bytes:
    """The bank's loans as CSV, one row an installment."""
    text = io.StringIO()
    rows = [_row(loan, period) for loan in loans for period in range(1, loan.periods + 1)]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _fineract(loan: PlannedLoan) -> dict[str, Any]:
    person = loan.person
    return {
        "externalId": loan.external_id,
        "loanProductName": loan.product,
        "currency": {"code": "CNY", "decimalPlaces": 2},
        "principal": loan.amount * loan.periods,
        "timeline": {"actualDisbursementDate": _array(loan.due_on(0))},
        "client": {
            "externalId": f"C-{person.number:04d}",
            "displayName": person.name,
            "mobileNo": person.phone,
            "emailAddress": person.email,
            "preferredLocale": person.locale,
            "timeZone": person.time_zone,
        },
        "repaymentSchedule": {
            "periods": [
                {"dueDate": _array(loan.due_on(0)), "principalDisbursed": loan.amount * loan.periods},
                *(_period(loan, period, paid=period <= loan.paid) for period in range(1, loan.periods + 1)),
            ]
        },
    }


def _seen_by_platform(loan: PlannedLoan) -> dict[str, Any]:
    view = _fineract(loan)
    paid = set(loan.paid_at_platform) | set(range(1, loan.paid + 1))
    view["repaymentSchedule"]["periods"] = [_period(loan, n, paid=n in paid) for n in range(1, loan.periods + 1)]
    view["transactions"] = [
        {
            "type": {"repayment": True},
            "externalId": loan.payment_id(period),
            "date": _array(loan.due_on(period)),
            "amount": loan.total,
        }
        for period in loan.paid_at_platform
    ]
    return view


def _period(loan: PlannedLoan, period: int, *, paid: bool) -> dict[str, Any]:
    interest = loan.interest
    view: dict[str, Any] = {"period": period, "dueDate": _array(loan.due_on(period)), "complete": paid}
    for part, due in (("principal", loan.amount), ("interest", interest)):
        view |= {f"{part}Due": due, f"{part}Paid": due if paid else 0, f"{part}Outstanding": 0 if paid else due}
    total = loan.total
    view |= {
        "totalDueForPeriod": total,
        "totalPaidForPeriod": total if paid else 0,
        "totalOutstandingForPeriod": 0 if paid else total,
    }
    return view | ({"obligationsMetOnDate": _array(loan.due_on(period))} if paid else {})


def _row(loan: PlannedLoan, period: int) -> dict[str, Any]:
    paid, total, person = period <= loan.paid, loan.total, loan.person
    return {
        "loan": loan.external_id,
        "currency": "CNY",
        "principal": loan.amount * loan.periods,
        "product": loan.product,
        "number": period,
        "due_on": loan.due_on(period).isoformat(),
        "principal_due": loan.amount,
        "interest_due": loan.interest,
        "total_due": total,
        "paid": total if paid else 0,
        "outstanding": 0 if paid else total,
        "settled_on": loan.due_on(period).isoformat() if paid else "",
        "borrower": f"C-{person.number:04d}",
        "borrower_name": person.name,
        "borrower_phone": person.phone,
        "borrower_email": person.email,
        "borrower_locale": person.locale,
        "borrower_time_zone": person.time_zone,
    }


def _array(day: date) -> list[int]:
    return [day.year, day.month, day.day]
