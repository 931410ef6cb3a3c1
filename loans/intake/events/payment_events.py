"""payment.initiated, received, settled, returned: one payment, known by its reference."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from loans.intake.events.event_types import BANK, EITHER, PLATFORM, Data, EventType, NoticeRecord
from loans.intake.events.fields import AboutLoan, Amount, Currency, Day, Number, Reference, Text
from loans.intake.records import Code, LoanRecord, RepaymentRecord
from loans.intake.values import Fault, amount_of


class PaymentMembers(AboutLoan):
    currency = Currency()
    payment = Reference(help_text="The reference by which both firms know the payment: its EndToEndId.")
    amount = Amount(help_text="More than nothing.")
    paid_on = Day(help_text="The day on which the borrower paid; of payment.settled, the day of the booking.")
    installment = Number(required=False, help_text="The period that is paid, where the payer named one.")


class ReturnedMembers(PaymentMembers):
    reason = Text(64, required=False, help_text="The bank's reason code, such as AM04.")


def _read_payment(data: Data, as_of: datetime, *, returned: bool = False) -> LoanRecord:
    currency = data["currency"]
    amount = _amount(data)
    repayment = RepaymentRecord(data["payment"], amount, data["paid_on"], returned, data.get("installment"))
    return LoanRecord(
        external_id=data["loan"],
        currency=currency,
        principal=Decimal(0),
        product=None,
        disbursed_on=None,
        borrower=None,
        installments=(),
        repayments=(repayment,),
        place="",
        as_of=as_of,
        whole=False,
        bank=data.get("bank"),
    )


def _read_returned(data: Data, as_of: datetime) -> LoanRecord:
    return _read_payment(data, as_of, returned=True)


def _read_initiated(data: Data, _as_of: datetime) -> NoticeRecord:
    """Nobody has the money yet, so nothing is derived from it."""
    _amount(data)
    return NoticeRecord(data)


def _amount(data: Data) -> Decimal:
    amount = amount_of(data["amount"], data["currency"], "amount")
    if not amount:
        raise Fault(Code.AMOUNT, "amount is 0; a payment moves money")
    return amount


_EXAMPLE: Final[dict[str, Any]] = {
    "loan": "LN-20417",
    "currency": "CNY",
    "payment": "LN-20417-1",
    "amount": "412.50",
    "paid_on": "2026-01-12",
    "installment": 1,
}

TYPES: Final = (
    EventType(
        name="payment.initiated",
        said_by=EITHER,
        members=PaymentMembers,
        read=_read_initiated,
        summary="The borrower ordered a payment. Kept as it is: nobody has the money yet.",
        example=_EXAMPLE,
    ),
    EventType(
        name="payment.received",
        said_by=frozenset({PLATFORM}),
        members=PaymentMembers,
        read=_read_payment,
        summary="The platform has the money; the borrower sees it as received, awaiting the bank.",
        example=_EXAMPLE,
    ),
    EventType(
        name="payment.settled",
        said_by=frozenset({BANK}),
        members=PaymentMembers,
        read=_read_payment,
        summary="The bank booked the money; the period is paid as far as it goes.",
        example=_EXAMPLE,
    ),
    EventType(
        name="payment.returned",
        said_by=EITHER,
        members=ReturnedMembers,
        read=_read_returned,
        summary="A payment that was received went back, or was refused.",
        example=_EXAMPLE | {"reason": "AM04"},
    ),
)
