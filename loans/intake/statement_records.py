"""What a bank's statement or status report says, read and checked but not yet believed."""

from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Literal

from loans.intake.records import ZERO, plain
from loans.money import quantized

Side = Literal["credit", "debit"]
Status = Literal["BOOK", "PDNG", "INFO"]


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
        return {name: plain(said[name]) for name in names}


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
        own = {field.name: plain(getattr(self, field.name)) for field in fields(self) if field.name not in hidden}
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
        return {item.name: plain(getattr(self, item.name)) for item in fields(self) if item.name not in hidden}


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


StatementPart = EntryRecord | StatementRecord | StatusRecord
"""What a bank's file is made of."""
