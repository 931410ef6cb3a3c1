"""Writes loans as Apache Fineract answers them, amounts as exact JSON numbers."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from loans.intake.records import BorrowerRecord, InstallmentRecord, LoanRecord, RepaymentRecord
from loans.money import quantized
from loans.tests.record_strategies import amounts, currencies, days, texts

PARTS = ("principal", "interest", "feeCharges", "penaltyCharges")
FATES = ("Paid", "Waived", "WrittenOff", "Outstanding")
DISBURSEMENT: dict[str, Any] = {
    "dueDate": [2026, 1, 5],
    "principalDisbursed": 1000,
    "totalActualCostOfLoanForPeriod": 0,
}


def write_json(value: object) -> bytes:
    """JSON in which every Decimal is a number with exactly its digits."""
    text = json.dumps(value, ensure_ascii=False, default=lambda amount: f"@{amount}@")
    return re.sub(r'"@([^"@]*)@"', r"\1", text).encode()


def loan_json(**fields: Any) -> dict[str, Any]:
    """A loan of 1,000 CNY in two installments, the first paid; `fields` replace or add keys."""
    periods = [
        DISBURSEMENT,
        period_json(1, "2026-02-05", Paid=Decimal("510.25")),
        period_json(2, "2026-03-05", Outstanding=Decimal("510.25")),
    ]
    loan = {
        "id": 17,
        "accountNo": "000000017",
        "externalId": "LN-17",
        "currency": {"code": "CNY", "decimalPlaces": 2},
        "principal": Decimal("1000.000000"),
        "loanProductName": "手机分期",
        "timeline": {"actualDisbursementDate": [2026, 1, 5]},
        "client": {"id": 5, "externalId": "B-5", "displayName": "Lin Wei", "mobileNo": "13800138000"},
        "repaymentSchedule": {"periods": periods},
    }
    return loan | fields


def period_json(number: int, due_on: str, **fates: Decimal) -> dict[str, Any]:
    """A period of which 10.25 is interest and the rest principal, all with one fate: Paid, Waived or Outstanding."""
    ((fate, total),) = fates.items()
    interest = Decimal("10.25")
    return {
        "period": number,
        "dueDate": due_on,
        "principalDue": total - interest,
        f"principal{fate}": total - interest,
        "interestDue": interest,
        f"interest{fate}": interest,
        "totalDueForPeriod": total,
        f"total{fate}ForPeriod": total,
    }


@dataclass(frozen=True)
class Told:
    """A loan twice: as the file says it and as it must be read."""

    json: dict[str, Any]
    record: LoanRecord


def _day(day: date | None, *, as_list: bool) -> object:
    if day is None:
        return None
    return [day.year, day.month, day.day] if as_list else day.isoformat()


@st.composite
def periods(draw: st.DrawFn, number: int, currency: str) -> tuple[dict[str, Any], InstallmentRecord]:
    small = st.integers(0, 10**9).map(lambda units: quantized(Decimal(units), currency))
    cells = {part: {fate: draw(small) for fate in FATES} for part in PARTS}
    due = {part: sum(fates.values(), Decimal(0)) for part, fates in cells.items()}
    totals = {fate: sum((cells[part][fate] for part in PARTS), Decimal(0)) for fate in FATES}
    due_on, settled_on, as_list = draw(days), draw(st.none() | days), draw(st.booleans())
    said: dict[str, Any] = {f"{part}{fate}": amount for part in PARTS for fate, amount in cells[part].items()}
    said |= {f"{part}Due": amount for part, amount in due.items()}
    said |= {f"total{fate}ForPeriod": amount for fate, amount in totals.items()}
    if draw(st.booleans()):
        said = {key: amount for key, amount in said.items() if amount}
    said |= {"totalDueForPeriod": sum(due.values()), "period": number, "downPaymentPeriod": number == 1}
    said |= {"dueDate": _day(due_on, as_list=as_list), "obligationsMetOnDate": _day(settled_on, as_list=as_list)}
    total = quantized(sum(due.values(), Decimal(0)), currency)
    paid, outstanding = totals["Paid"], totals["Outstanding"]
    principal, interest, fees, penalties = due.values()
    record = InstallmentRecord(
        number, due_on, principal, interest, fees, penalties, total, paid, outstanding, settled_on
    )
    return said, record


@st.composite
def repayments(draw: st.DrawFn, currency: str) -> tuple[dict[str, Any], RepaymentRecord]:
    record = RepaymentRecord(
        draw(st.none() | texts(35)), draw(amounts(currency).filter(bool)), draw(days), draw(st.booleans())
    )
    said = {
        "type": {"id": 2, "code": "loanTransactionType.repayment", "repayment": True},
        "externalId": record.reference,
        "amount": record.amount,
        "date": _day(record.paid_on, as_list=True),
        "manuallyReversed": record.reversed,
    }
    return said, record


@st.composite
def loans(draw: st.DrawFn) -> Told:
    currency = draw(currencies.filter(lambda code: code not in ("CLF", "UYW")))
    numbers = draw(st.lists(st.integers(1, 999), unique=True, max_size=4).map(sorted))
    schedule = [draw(periods(number, currency)) for number in numbers]
    seen = draw(st.lists(repayments(currency), max_size=2))
    record = LoanRecord(
        external_id=draw(texts(64)),
        currency=currency,
        principal=draw(amounts(currency)),
        product=draw(st.none() | texts(120)),
        disbursed_on=draw(st.none() | days),
        borrower=BorrowerRecord(
            str(draw(st.integers(1, 2**63 - 1))), draw(texts(120)), "+447911123456", None, "zh-hant", "Asia/Taipei"
        ),
        installments=tuple(record for _, record in schedule),
        repayments=tuple(record for _, record in seen),
        place="",
    )
    return Told(_loan_json(record, [said for said, _ in schedule], [said for said, _ in seen]), record)


def _loan_json(record: LoanRecord, periods: list[dict[str, Any]], seen: list[dict[str, Any]]) -> dict[str, Any]:
    borrower = record.borrower
    assert borrower
    return {
        "externalId": record.external_id,
        "currency": {"code": record.currency},
        "principal": record.principal,
        "loanProductName": record.product,
        "timeline": {"actualDisbursementDate": _day(record.disbursed_on, as_list=True)},
        "client": {
            "id": int(borrower.external_id),
            "displayName": borrower.name,
            "mobileNo": "+44 7911 123456",
            "preferredLocale": "zh_TW",
            "timeZone": borrower.time_zone,
        },
        "repaymentSchedule": {"periods": [DISBURSEMENT, *periods]},
        "transactions": [{"type": {"disbursement": True}, "amount": 1, "date": [2026, 1, 1]}, *seen],
    }


def without_places(records: Iterable[LoanRecord]) -> list[LoanRecord]:
    return [replace(record, place="") for record in records]
