"""A Fineract repayment schedule (`repaymentSchedule.periods[]`, LoanSchedulePeriodData)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from loans.intake.json_document import Object, integer_of, kind_of, list_of, number_of, object_of
from loans.intake.records import Code, InstallmentRecord
from loans.intake.schedule import check_number, check_sum
from loans.intake.values import Fault, amount_of, at, day_from, day_of

_FATES: Final = ("Due", "Paid", "Waived", "WrittenOff", "Outstanding")
_PARTS: Final = ("principal", "interest", "feeCharges", "penaltyCharges")
# A row is a part: what was due of it and what became of that. The first row is the sum of the others, and in each row
# the first figure is the sum of the others.
_TABLE: Final = (
    tuple(f"total{fate}ForPeriod" for fate in _FATES),
    *(tuple(f"{part}{fate}" for fate in _FATES) for part in _PARTS),
)


def read_installments(schedule: Object, currency: str) -> tuple[InstallmentRecord, ...]:
    """The numbered periods, down payments among them; disbursements have no number and are passed over.

    Raises Fault for the first period that cannot be accepted.
    """
    return tuple(_installments(schedule, currency))


def day_member(owner: Object, key: str) -> date | None:
    """A date written [year, month, day] or "2026-12-03"; None when absent. Raises Fault."""
    value = owner.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        return day_of(value, key)
    if not isinstance(value, list) or len(value) != 3:
        raise Fault(Code.DATE, f"{key} is {kind_of(value)}, neither [year, month, day] nor a date such as 2026-12-03")
    year, month, day = (integer_of(part, key) for part in value)
    return day_from(year, month, day, key)


def _installments(schedule: Object, currency: str) -> Iterator[InstallmentRecord]:
    before = 0
    for position, value in enumerate(list_of(schedule.get("periods"), "periods"), 1):
        with at(_name(value, position)):
            period = object_of(value, "the period")
            if period.get("period") is None:
                _check_disbursement(period, currency)
                continue
            number = integer_of(period["period"], "period")
            check_number(number, before)
            yield _read_period(period, number, currency)
            before = number


def _name(period: object, position: int) -> str:
    number = period.get("period") if isinstance(period, dict) else None
    named = isinstance(number, int) and not isinstance(number, bool)
    return f"period {number}" if named else f"item {position} of periods"


def _check_disbursement(period: Object, currency: str) -> None:
    """Fees may fall due on disbursement; whoever owes principal or interest then has left out a number."""
    if _amount(period, "principalDue", currency) or _amount(period, "interestDue", currency):
        raise Fault(Code.MISSING, "something is due, but the period has no number")


def _read_period(period: Object, number: int, currency: str) -> InstallmentRecord:
    due_on = day_member(period, "dueDate")
    if due_on is None:
        raise Fault(Code.MISSING, "dueDate is missing")
    table = {key: _amount(period, key, currency) for row in _TABLE for key in row}
    for row in _TABLE:
        _check_first_is_sum_of_rest(table, row)
    for column in zip(*_TABLE, strict=True):
        _check_first_is_sum_of_rest(table, column)
    return InstallmentRecord(
        number=number,
        due_on=due_on,
        principal=table["principalDue"],
        interest=table["interestDue"],
        fees=table["feeChargesDue"],
        penalties=table["penaltyChargesDue"],
        total=table["totalDueForPeriod"],
        paid=table["totalPaidForPeriod"],
        outstanding=table["totalOutstandingForPeriod"],
        settled_on=day_member(period, "obligationsMetOnDate"),
    )


def _check_first_is_sum_of_rest(table: dict[str, Decimal], keys: tuple[str, ...]) -> None:
    whole, *parts = keys
    check_sum(whole, table[whole], {part: table[part] for part in parts})


def _amount(period: Object, key: str, currency: str) -> Decimal:
    """An amount of the period; Fineract leaves out what does not apply, which is 0."""
    value = period.get(key)
    return amount_of(Decimal(0) if value is None else number_of(value, key), currency, key)
