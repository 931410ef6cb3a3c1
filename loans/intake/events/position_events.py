"""position.snapshot: what a partner's books say of some periods at one moment."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from loans.intake.events.event_types import EITHER, Data, EventType
from loans.intake.events.fields import AboutLoan, Amount, Currency, Members, Number
from loans.intake.records import Code, LoanRecord, PositionRecord
from loans.intake.values import Fault, amount_of, at


class PositionMembers(Members):
    number = Number(help_text="The period.")
    paid = Amount(help_text="What was paid for it until now.")
    outstanding = Amount(help_text="What is still owed for it.")


class SnapshotMembers(AboutLoan):
    currency = Currency()
    installments = PositionMembers(
        many=True, allow_empty=False, help_text="Each period once; of others nothing is said."
    )


def _read(data: Data, as_of: datetime) -> LoanRecord:
    return LoanRecord(
        external_id=data["loan"],
        currency=data["currency"],
        principal=Decimal(0),
        product=None,
        disbursed_on=None,
        borrower=None,
        installments=(),
        repayments=(),
        place="",
        as_of=as_of,
        whole=False,
        bank=data.get("bank"),
        positions=_positions(data),
    )


def _positions(data: Data) -> tuple[PositionRecord, ...]:
    seen: dict[int, PositionRecord] = {}
    for said in data["installments"]:
        number = said["number"]
        if number in seen:
            raise Fault(Code.REPEATED, f"period {number} is there twice")
        with at(f"period {number}"):
            paid, outstanding = (amount_of(said[name], data["currency"], name) for name in ("paid", "outstanding"))
        seen[number] = PositionRecord(number, paid, outstanding)
    return tuple(seen.values())


TYPES: Final = (
    EventType(
        name="position.snapshot",
        said_by=EITHER,
        members=SnapshotMembers,
        read=_read,
        summary="What your books say of some periods of a loan now. The bank's word makes the state, both are shown.",
        example={
            "loan": "LN-20417",
            "currency": "CNY",
            "installments": [{"number": 1, "paid": "412.50", "outstanding": "0.00"}],
        },
    ),
)
