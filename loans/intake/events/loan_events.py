"""loan.opened, schedule.published, schedule.changed: a loan and the whole of its schedule."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from loans.intake.contacts import BorrowerFields, Remarks, read_borrower
from loans.intake.events.event_types import EITHER, Data, EventType
from loans.intake.events.fields import AboutLoan, Amount, Currency, Day, Identifier, Members, Number, Text
from loans.intake.records import InstallmentRecord, LoanRecord
from loans.intake.schedule import check_number, check_sum
from loans.intake.values import IDENTIFIER_LENGTH, NAME_LENGTH, amount_of, at

_NOTHING: Final = Decimal(0)
_PARTS: Final = ("principal", "interest", "fees", "penalties")
_CONTACT_LENGTH: Final = 254


class BorrowerMembers(Members):
    id = Identifier(help_text="Your own number of the person, the same for all of their loans.")
    name = Text(NAME_LENGTH, required=False)
    phone = Text(_CONTACT_LENGTH, required=False, help_text="With + and country code.")
    email = Text(_CONTACT_LENGTH, required=False)
    locale = Text(IDENTIFIER_LENGTH, required=False, help_text="en, zh-hans or zh-hant.")
    time_zone = Text(IDENTIFIER_LENGTH, required=False, help_text="A name of the IANA database.")


class PeriodMembers(Members):
    number = Number(help_text="From 1, rising.")
    due_on = Day()
    principal = Amount()
    interest = Amount(required=False)
    fees = Amount(required=False)
    penalties = Amount(required=False)
    total = Amount(help_text="principal + interest + fees + penalties, before anything was paid.")
    paid = Amount(required=False)
    waived = Amount(required=False)
    outstanding = Amount(help_text="total - paid - waived.")
    settled_on = Day(required=False)


class ScheduleMembers(AboutLoan):
    currency = Currency()
    schedule = PeriodMembers(many=True, allow_empty=False, help_text="All periods; one that is missing is withdrawn.")


class LoanMembers(ScheduleMembers):
    principal = Amount()
    product = Text(NAME_LENGTH, required=False)
    disbursed_on = Day(required=False)
    borrower = BorrowerMembers()


def _read_loan(data: Data, as_of: datetime) -> LoanRecord:
    currency, remarks = data["currency"], Remarks()
    return LoanRecord(
        external_id=data["loan"],
        currency=currency,
        principal=amount_of(data["principal"], currency, "principal"),
        product=data.get("product"),
        disbursed_on=data.get("disbursed_on"),
        borrower=read_borrower(_borrower(data["borrower"]), currency, remarks),
        installments=_periods(data["schedule"], currency),
        repayments=(),
        place="",
        remarks=tuple(remarks.said),
        as_of=as_of,
        bank=data.get("bank"),
    )


def _borrower(said: Data) -> BorrowerFields:
    given: dict[str, Any] = {name: value for name, value in said.items() if name != "id"}
    return BorrowerFields(external_id=said["id"], **given)


def _read_schedule(data: Data, as_of: datetime) -> LoanRecord:
    return LoanRecord(
        external_id=data["loan"],
        currency=data["currency"],
        principal=_NOTHING,  # the loan's own stays: only loan.opened names it
        product=None,
        disbursed_on=None,
        borrower=None,
        installments=_periods(data["schedule"], data["currency"]),
        repayments=(),
        place="",
        as_of=as_of,
        bank=data.get("bank"),
    )


def _periods(schedule: Iterable[Data], currency: str) -> tuple[InstallmentRecord, ...]:
    periods: list[InstallmentRecord] = []
    for said in schedule:
        with at(f"period {said['number']}"):
            check_number(said["number"], periods[-1].number if periods else 0)
            periods.append(_period(said, currency))
    return tuple(periods)


def _period(said: Data, currency: str) -> InstallmentRecord:
    amounts = {
        name: amount_of(said.get(name, _NOTHING), currency, name)
        for name in (*_PARTS, "total", "paid", "waived", "outstanding")
    }
    check_sum("total", amounts["total"], {name: amounts[name] for name in _PARTS})
    check_sum("total", amounts["total"], {name: amounts[name] for name in ("paid", "waived", "outstanding")})
    del amounts["waived"]
    return InstallmentRecord(number=said["number"], due_on=said["due_on"], settled_on=said.get("settled_on"), **amounts)


_PERIODS: Final = [
    {
        "number": 1,
        "due_on": "2026-01-15",
        "principal": "400.00",
        "interest": "12.50",
        "total": "412.50",
        "outstanding": "412.50",
    },
    {
        "number": 2,
        "due_on": "2026-02-15",
        "principal": "400.00",
        "interest": "6.25",
        "total": "406.25",
        "outstanding": "406.25",
    },
]

TYPES: Final = (
    EventType(
        name="loan.opened",
        said_by=EITHER,
        members=LoanMembers,
        read=_read_loan,
        summary="A loan was opened, for a borrower, with its whole schedule.",
        example={
            "loan": "LN-20417",
            "currency": "CNY",
            "principal": "800.00",
            "product": "Phone plan",
            "disbursed_on": "2025-12-15",
            "borrower": {"id": "C-881", "name": "Lin Mei", "phone": "+8613900000001", "locale": "zh-hans"},
            "schedule": _PERIODS,
        },
        new_loan=True,
    ),
    EventType(
        name="schedule.published",
        said_by=EITHER,
        members=ScheduleMembers,
        read=_read_schedule,
        summary="The schedule of a loan, whole. Repeating the one that is known changes nothing.",
        example={"loan": "LN-20417", "currency": "CNY", "schedule": _PERIODS},
    ),
    EventType(
        name="schedule.changed",
        said_by=EITHER,
        members=ScheduleMembers,
        read=_read_schedule,
        summary="The schedule of a loan became another; the new one, whole. Prompts about the old figures are void.",
        example={
            "loan": "LN-20417",
            "currency": "CNY",
            "schedule": [_PERIODS[0], _PERIODS[1] | {"due_on": "2026-02-28"}],
        },
    ),
)
