"""What a partner says of loans, read and checked but not yet believed, and why something was refused."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

ZERO: Final = Decimal(0)


class Code(StrEnum):
    """Why a file or a record was refused, for programs; the reason beside it is for people."""

    NO_FILE = "no_file"
    EMPTY = "empty"
    ENCODING = "encoding"
    MALFORMED = "malformed"
    DOCTYPE = "doctype"
    UNKNOWN_FORMAT = "unknown_format"
    TOO_LARGE = "too_large"
    MISSING = "missing"
    VALUE = "value"
    AMOUNT = "amount"
    CURRENCY = "currency"
    DATE = "date"
    SUMS = "sums"
    ORDER = "order"
    REPEATED = "repeated"
    UNKNOWN_LOAN = "unknown_loan"
    UNKNOWN_BANK = "unknown_bank"
    NOT_YOUR_LOAN = "not_your_loan"
    UNKNOWN_INSTALLMENT = "unknown_installment"
    SIGNATURE = "signature"
    IMPLAUSIBLE_AMOUNT = "implausible_amount"
    IMPLAUSIBLE_DATE = "implausible_date"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record, or a whole file, that was not accepted. Holds no personal data: it is printed, logged and sent back.

    `place` is where in the file ("line 42, entry 3"; "loan 3 (LN-17), period 2"), empty when it is the file as such.
    """

    file: str
    place: str
    reason: str
    code: Code

    def __str__(self) -> str:
        return f"{self.file}:{self.place}: {self.reason}" if self.place else f"{self.file}: {self.reason}"


class UnreadableFile(Exception):  # noqa: N818 - it names the file, and is read as a noun
    """A file of which no record can be read; raised before the first record is handed out."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal

    def __str__(self) -> str:
        return str(self.refusal)


@dataclass(frozen=True, slots=True)
class InstallmentRecord:
    """One period of a schedule. The parts and `total` are what is due for it, before anything was paid or waived.

    Always: total = principal + interest + fees + penalties, and total = paid + waived + outstanding.
    """

    number: int
    due_on: date
    principal: Decimal
    interest: Decimal
    fees: Decimal
    penalties: Decimal
    total: Decimal
    paid: Decimal
    outstanding: Decimal
    settled_on: date | None

    @property
    def waived(self) -> Decimal:
        """What was waived or written off: due once, neither paid nor owed any more."""
        return self.total - self.paid - self.outstanding

    def as_json(self) -> dict[str, object]:
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class BorrowerRecord:
    """Who owes the loan, as the sender knows them; a contact that cannot be used is None and remarked on the loan.

    `phone` is E.164, `email` in lower case, `locale` one of en, zh-hans, zh-hant, `time_zone` an IANA name.
    """

    external_id: str
    name: str
    phone: str | None
    email: str | None
    locale: str | None
    time_zone: str | None


@dataclass(frozen=True, slots=True)
class RepaymentRecord:
    """A payment of the borrower's that the sender of the file saw. `reference` is at most 35 characters.

    `installment` is the number of the period that the sender says it is for, None where it does not say. `reversed`
    holds for good: a payment that was taken back does not come again under the same reference.
    """

    reference: str | None
    amount: Decimal
    paid_on: date
    reversed: bool
    installment: int | None = None


@dataclass(frozen=True, slots=True)
class PositionRecord:
    """What the sender's books say of one period, and nothing of its figures."""

    number: int
    paid: Decimal
    outstanding: Decimal


@dataclass(frozen=True, slots=True)
class LoanRecord:
    """A loan and its schedule. Amounts have exactly the decimals of `currency`; installments' numbers rise.

    `as_of` is the moment, aware, at which the sender's books said so (an event's own time); None where the record names
    none, and then the report's received_at counts. Of two words of one partner the one with the later moment holds,
    whichever arrived first. `whole`: installments that are not named are no longer in the schedule; otherwise nothing
    is said of them. `positions` are of periods whose figures the sender does not repeat. `bank` is the code of the
    loan's bank where the record names it: two banks may use one number.
    """

    external_id: str
    currency: str
    principal: Decimal
    product: str | None
    disbursed_on: date | None
    borrower: BorrowerRecord | None
    installments: tuple[InstallmentRecord, ...]
    repayments: tuple[RepaymentRecord, ...]
    place: str
    remarks: tuple[str, ...] = ()
    as_of: datetime | None = None
    whole: bool = True
    positions: tuple[PositionRecord, ...] = ()
    bank: str | None = None

    def placed(self, remark: str) -> str:
        """A remark on this record, with where it stands: a file holds many."""
        return f"{self.place}: {remark}"

    def placed_remarks(self) -> list[str]:
        """What was left out as it was read."""
        return [self.placed(remark) for remark in self.remarks]

    def as_json(self) -> dict[str, object]:
        """The loan without anything personal: amounts as decimal strings, dates as ISO 8601."""
        return {
            "external_id": self.external_id,
            "currency": self.currency,
            "principal": str(self.principal),
            "installments": [installment.as_json() for installment in self.installments],
        }


def plain(value: object) -> object:
    """`value` as JSON holds it: amounts as text, days as ISO 8601."""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
