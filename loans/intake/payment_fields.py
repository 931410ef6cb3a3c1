"""What a payment's row says of the money that it stands for, once that is laid out over installments."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from loans.intake.account import Account
from loans.intake.allocating import Share
from loans.intake.money import Money
from loans.models import Payment

Status = Payment.Status
DERIVED: Final = (
    *("status", "amount", "credit", "installment", "end_to_end_id", "paid_on"),
    *("received_at", "settled_at", "booked_on", "returned_at", "return_reason"),
)
"""The fields of a payment that are derived anew each time."""


def fields_of(account: Account, share: Share, row: Payment, now: datetime) -> dict[str, Any]:
    """The fields of `row`, by name; `now` is when that was said of which the account is derived, aware."""
    money, status = share.money, _status(share)
    booked = status == Status.SETTLED and money.booked
    settled_at = row.settled_at or (now if status == Status.SETTLED else None)
    seen = money.platform_word is not None
    return {
        "status": status,
        "amount": money.amount,
        "credit": max(share.left, Decimal(0)) if booked else Decimal(0),
        "installment_id": _installment(account, share),
        "end_to_end_id": money.reference,
        "paid_on": money.paid_on,
        "received_at": row.received_at or (now if seen else None),
        "settled_at": settled_at if status != Status.RECEIVED else None,
        "booked_on": money.booked_on,
        **_return(money, row, status),
    }


def doubted_fields(money: Money) -> dict[str, Any]:
    """The bank's latest word, else the platform's, and no installment: it is kept, and nothing follows from it."""
    last = max(money.words, key=lambda one: (one.word.partner_id == money.loan.bank_id, one.moment)).word
    said = {"status": Status.DOUBTED, "amount": last.amount, "paid_on": last.paid_on, "credit": Decimal(0)}
    return said | {"installment_id": None, "end_to_end_id": money.reference, "booked_on": None, "return_reason": ""}


def _return(money: Money, row: Payment, status: str) -> dict[str, Any]:
    if status != Status.RETURNED:
        return {"returned_at": None, "return_reason": ""}
    alone = money.kept_alone is not None and not money.back and not money.rejection
    kept = (row.returned_at, row.return_reason) if alone else (money.returned_at, money.return_reason)
    return {"returned_at": kept[0], "return_reason": kept[1]}


def _status(share: Share) -> str:
    """Seen and not booked, it counts as booked once the bank shows as paid what it is for."""
    money = share.money
    if money.returned:
        return Status.RETURNED
    shown = share.shown > 0 and share.shown == share.money.amount - share.left
    return Status.SETTLED if money.booked or shown else Status.RECEIVED


def _installment(account: Account, share: Share) -> int | None:
    rows = account.in_force
    wanted = [row.pk for row in rows if row.number in share.money.wanted]
    laid = [row.pk for row in rows if row.pk in share.amounts]
    first = [pk for pk in wanted if pk in laid] or laid or wanted
    return first[0] if first else None
