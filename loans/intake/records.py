"""What a partner's file says, read and checked but not yet believed: no record here touches the database."""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from loans.money import quantized

Side = Literal["credit", "debit"]
Status = Literal["BOOK", "PDNG", "INFO"]
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
    SIGNATURE = "signature"


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
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


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
class LoanRecord:
    """A loan and its schedule. Amounts have exactly the decimals of `currency`; installments' numbers rise.

    `as_of` is the moment, aware, at which the sender's books said so (an event's own time); None where the record names
    none, and then the report's received_at counts. Of two words of one partner the one with the later moment holds,
    whichever arrived first. `whole`: installments that are not named are no longer in the schedule; otherwise nothing
    is said of them.
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

    def as_json(self) -> dict[str, object]:
        """The loan without anything personal: amounts as decimal strings, dates as ISO 8601."""
        return {
            "external_id": self.external_id,
            "currency": self.currency,
            "principal": str(self.principal),
            "installments": [installment.as_json() for installment in self.installments],
        }


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """One TxDtls of an entry. `side` is its own where it names one (a batch may mix them), else the entry's.

    `amount` and `currency` are None where the bank names no amount for one of several transactions. `instructed` is
    what was paid or is taken back where charges make the amount another one. `returned`: it takes back an earlier
    payment, for `return_reason` (ExternalReturnReason1Code, or the bank's own).
    """

    amount: Decimal | None
    currency: str | None
    end_to_end_id: str | None
    uetr: str | None
    remittance: str | None
    side: Side
    returned: bool = False
    return_reason: str | None = None
    instructed: Decimal | None = None
    charges: Decimal = ZERO

    def as_json(self) -> dict[str, object]:
        """As printed; what is said of a return only where there is one."""
        said = asdict(self)
        names = ["amount", "currency", "end_to_end_id", "uetr", "remittance", *["return_reason"] * self.returned]
        return {name: _plain(said[name]) for name in names}


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """One Ntry of a statement, report or notification: a movement on `account` (an IBAN or the bank's own number).

    `amount` is never negative; `side` says which way, `reversal` that it takes back an earlier entry.
    Dates are the bank's calendar days, as written.
    """

    account: str | None
    amount: Decimal
    currency: str
    side: Side
    status: Status
    booking_date: date | None
    value_date: date | None
    reversal: bool
    reference: str | None
    transactions: tuple[TransactionRecord, ...]
    place: str
    charges: Decimal = ZERO

    @property
    def adds_up(self) -> bool:
        """The transactions are the entry, but for charges; True where the bank leaves an amount of them out."""
        parts = self.transactions
        if not parts or any(part.amount is None or part.currency != self.currency for part in parts):
            return True
        total = sum((part.amount or ZERO) * (1 if part.side == self.side else -1) for part in parts)
        return abs(total - self.amount) <= self.charges + sum(part.charges for part in parts)

    def as_json(self) -> dict[str, object]:
        hidden = {"place", "charges"}
        own = {field.name: _plain(getattr(self, field.name)) for field in fields(self) if field.name not in hidden}
        return own | {"transactions": [transaction.as_json() for transaction in self.transactions]}


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """What became of one initiated payment (TxInfAndSts of a pain.002): RJCT, PDNG, ACSC … with a reason's code.

    `text` is the bank's own and may name a person: it is kept and not printed.
    """

    original_message: str | None
    end_to_end_id: str
    status: str
    reason: str | None
    text: str | None
    amount: Decimal | None
    currency: str | None
    place: str

    def as_json(self) -> dict[str, object]:
        hidden = {"place", "text"}
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self) if item.name not in hidden}


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """What one statement, report or notification says of itself, after its entries.

    `series` is the kind of message (camt.053, MT940) within which statements of an account are numbered. Balances are
    negative where the account is in debit; `booked` is the sum of the booked entries in `currency` that could be read.
    `page` counts from 1.
    """

    series: str
    account: str | None
    identification: str | None
    number: int | None
    page: int
    first_on: date | None
    last_on: date | None
    currency: str | None
    opening: Decimal | None
    closing: Decimal | None
    booked: Decimal
    entries: int
    refused: int
    place: str

    @property
    def difference(self) -> Decimal | None:
        """Closing less opening and entries: 0 where they agree, None where the bank does not say both balances."""
        if self.opening is None or self.closing is None:
            return None
        return self.closing - self.opening - self.booked

    @property
    def remarks(self) -> tuple[str, ...]:
        """That the balances do not agree, and by how much."""
        apart = self.difference
        if not apart or self.opening is None or self.currency is None:
            return ()
        figures = (self.opening, self.booked, self.opening + self.booked, self.closing or ZERO, abs(apart))
        opening, booked, total, closing, by = (str(quantized(figure, self.currency)) for figure in figures)
        left_out = f" ({self.refused} entries were refused)" if self.refused else ""
        made = f"opening {opening} and entries {booked} make {total}, closing says {closing}"
        return (f"the balance does not agree: {made}, {by} too {'much' if apart > 0 else 'little'}{left_out}",)


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


StatementPart = EntryRecord | StatementRecord | StatusRecord
"""What a bank's file is made of."""
