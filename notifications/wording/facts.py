"""What a message tells one borrower, as raw values."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Self

import orjson


class FactsError(ValueError):
    """Stored facts that cannot be read back. The text names the field."""


class FactItem(NamedTuple):
    """One of several payments that a message speaks of together; amounts are in the currency of the message. The
    previous figures are those that the borrower was told before, where they were others. `part_paid` is what has been
    paid beside the amount, where the figures have changed since.
    """

    loan_label: str
    amount: Decimal
    payment_reference: str
    installment_id: int
    previous_amount: Decimal | None = None
    previous_due_on: date | None = None
    part_paid: Decimal | None = None

    def as_json(self) -> list[Any]:
        """Four places, six where other figures were told before, seven where a part is paid: then two may be None."""
        stored = [self.loan_label, str(self.amount), self.payment_reference, self.installment_id]
        before: list[Any] = []
        if self.previous_amount is not None and self.previous_due_on is not None:
            before = [str(self.previous_amount), self.previous_due_on.isoformat()]
        if self.part_paid is not None:
            return [*stored, *(before or [None, None]), str(self.part_paid)]
        return [*stored, *before]

    @classmethod
    def from_json(cls, label: Any, amount: Any, reference: Any, installment_id: Any, *before: Any) -> Self:
        """Raises TypeError, ValueError or InvalidOperation where a place is missing or cannot be read."""
        item = cls(str(label), Decimal(amount), str(reference), int(installment_id))
        if not before:
            return item
        previous_amount, previous_due_on, *paid = before
        if paid:
            item = item._replace(part_paid=Decimal(*paid))
            if previous_amount is None:
                return item
        return item._replace(
            previous_amount=Decimal(previous_amount), previous_due_on=date.fromisoformat(previous_due_on)
        )


class Facts(NamedTuple):
    """The values that a wording is filled with, given by name. What a kind does not need, or nobody knows, stays empty.

    `language` is one of `en`, `zh-hans`, `zh-hant`; any other is spoken to in English. `today` is the borrower's
    calendar day of sending, from which all relative days are counted. `amount` is in `currency` (ISO 4217).
    `platform_name` is empty where the bank lends without one. `how_to_pay` may have several lines. `loan_label` names
    the loan by product and the end of its number ("Phone plan ··0017"). `paid_on` is when the borrower paid,
    `other_firm` who has yet to confirm it (the bank where empty), and `usual_lag_days` how long that firm usually
    takes. `answer_by` is the last day for deciding a dispute; `decision` is a key of `Dispute.Decision`.
    `items` names each of several payments, of which `amount` is the sum, or the one of several that alone was left to
    be told. `previous_amount` and `previous_due_on` are what the borrower was told before the bank changed it;
    `withdrawn_amount` takes the place of the former where they were told that it is no longer to be paid.
    `instead_amount` is what is to be paid on the same day in place of what is withdrawn. `report_on` is the first day
    of an adverse report. `on_way` is how much of `amount` is on its way to the bank. `part_paid` is how much has been
    paid beside `amount`, of figures that the bank has changed: they are both together. `rest` is what a payment leaves
    to be paid of what is due on `due_on`; `paid_off` names the loan of which it leaves nothing. `stops`: a text message
    says by which word they are stopped. `paid_then` is how much of each installment that it names was paid beside its
    amount when it was worded, by the installment's id: no message says it, later ones are compared with it.
    """

    language: str
    today: date
    bank_name: str
    platform_name: str = ""
    borrower_name: str = ""
    support_phone: str = ""
    portal_url: str = ""
    loan_label: str = ""
    amount: Decimal | None = None
    currency: str = ""
    due_on: date | None = None
    how_to_pay: str = ""
    payment_reference: str = ""
    paid_on: date | None = None
    other_firm: str = ""
    usual_lag_days: int | None = None
    dispute_number: str = ""
    answer_by: date | None = None
    decision: str = ""
    items: tuple[FactItem, ...] = ()
    previous_amount: Decimal | None = None
    previous_due_on: date | None = None
    report_on: date | None = None
    withdrawn_amount: Decimal | None = None
    instead_amount: Decimal | None = None
    rest: Decimal | None = None
    paid_off: str = ""
    stops: bool = False
    on_way: Decimal | None = None
    part_paid: Decimal | None = None
    paid_then: tuple[tuple[int, Decimal], ...] = ()

    @property
    def seller(self) -> str:
        """The firm that the borrower dealt with, as it was told."""
        return self.platform_name or self.bank_name

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads back to equal facts: days in ISO 8601, amounts as text, nothing empty."""
        stored: dict[str, Any] = orjson.loads(self.as_text())
        return stored

    def as_text(self) -> str:
        """`as_json` as a JSON document."""
        named = zip(self._fields, self, strict=True)
        kept: dict[str, Any] = {name: value for name, value in named if value or (value == 0 and value is not False)}
        if self.items:
            kept["items"] = [item.as_json() for item in self.items]
        return orjson.dumps(kept, default=str).decode()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The facts that `as_json` stored. Fields that have been dropped since are passed over.

        Raises FactsError where a value cannot be read or a needed one is missing.
        """
        values: dict[str, Any] = {name: _read(name, stored[name]) for name in cls._fields if name in stored}
        if missing := _NEEDED - values.keys():
            raise FactsError(f"The stored facts lack {', '.join(sorted(missing))}: nothing can be rendered from them.")
        return cls(**values)


_NEEDED = frozenset({"language", "today", "bank_name"})
_DAYS = frozenset({"today", "due_on", "paid_on", "answer_by", "previous_due_on", "report_on"})
_AMOUNTS = frozenset({"amount", "previous_amount", "withdrawn_amount", "instead_amount", "rest", "on_way", "part_paid"})


def _read(name: str, value: Any) -> str | int | date | Decimal | tuple[FactItem, ...] | tuple[tuple[int, Decimal], ...]:
    try:
        if name in _DAYS:
            return date.fromisoformat(value)
        if name in _AMOUNTS:
            return Decimal(value)
        if name == "stops":
            return bool(value)
        if name == "items":
            return tuple(FactItem.from_json(*places) for places in value)
        if name == "paid_then":
            return tuple((int(pk), Decimal(paid)) for pk, paid in value)
        return int(value) if name == "usual_lag_days" else str(value)
    except (TypeError, ValueError, InvalidOperation):
        raise FactsError(f"The stored fact {name} cannot be read: expected {_expected(name)}.") from None


def _expected(name: str) -> str:
    if name in _DAYS:
        return "a day as YYYY-MM-DD"
    if name == "items":
        return (
            "a list of [label, amount, reference, installment], of these and [earlier amount, earlier day], and [paid]"
        )
    if name == "paid_then":
        return "a list of [installment, amount]"
    return "a decimal number as text" if name in _AMOUNTS else "a whole number"
