"""One payment as all who spoke of it know it: the platform's word, the bank's word, the bank's lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from loans.intake.account import Spoken, heard_at
from loans.intake.likely import Bounds, Said, believed
from loans.models import Loan, Payment, PaymentStatus, StatementLine

Status = Payment.Status


@dataclass(slots=True, eq=False)
class Money:
    """A payment of one loan. `row` is where it is kept, None where it is not yet.

    `words` are all that partners said of it, `believed` what those of each come to that can be true. `wanted` are the
    numbers of the installments that it is said to be for. `line` booked it, `back` took it back; by `rejection` it did
    not come.
    """

    loan: Loan
    reference: str = ""
    row: Payment | None = None
    words: list[Spoken] = field(default_factory=list)
    believed: Mapping[int, Said] = field(default_factory=dict)
    line: StatementLine | None = None
    back: StatementLine | None = None
    rejection: PaymentStatus | None = None
    wanted: tuple[int, ...] = ()
    told: bool = True
    """Somebody spoke of it apart from the line, so that it stands without one."""
    known: bool = False
    """It was on record as a payment that arrived, and not only as one that went back."""

    def believe(self, bounds: Bounds) -> None:
        """Judge the words; to be done anew when one is added."""
        self.believed = believed(self.words, bounds)

    @property
    def doubted(self) -> bool:
        """Nothing that was said of it can be true, and no line shows it."""
        return bool(self.words) and not self.believed and self.line is None

    @property
    def bank_word(self) -> Said | None:
        return self.believed.get(self.loan.bank_id)

    @property
    def platform_word(self) -> Said | None:
        return next((said for partner_id, said in self.believed.items() if partner_id != self.loan.bank_id), None)

    @property
    def kept_alone(self) -> Payment | None:
        """The row, where it is all that is known of this payment: no partner's word stands behind it."""
        return self.row if self.row and not self.words and self.told else None

    @property
    def arrived(self) -> bool:
        """Somebody has said that it came: there is a payment to tell of."""
        return self.known or self.line is not None or any(said.arrived for said in self.believed.values())

    @property
    def booked(self) -> bool:
        """The bank has shown this very payment, even if it took it back since."""
        if self.line or self.bank_word:
            return True
        return self.kept_alone is not None and self.kept_alone.status == Status.SETTLED

    @property
    def returned(self) -> bool:
        if self.back or (self.line and self.line.match == StatementLine.Match.SET_ASIDE):
            return True
        if self.bank_word and self.bank_word.reversed and not self.line:
            return True
        taken_back = self.platform_word is not None and self.platform_word.reversed
        alone = self.kept_alone is not None and self.kept_alone.status == Status.RETURNED
        given_up = self.row is not None and self.row.given_up_at is not None
        return not self.booked and (self.rejection is not None or taken_back or alone or given_up)

    @property
    def amount(self) -> Decimal:
        if self.line:
            return self.line.amount
        word = self.bank_word or self.platform_word
        if word:
            return word.amount
        return self.row.amount if self.row else Decimal(0)

    @property
    def booked_on(self) -> date | None:
        if self.line:
            return self.line.booked_on or self.line.valued_on or heard_at(self.line).astimezone(UTC).date()
        if self.bank_word:
            return self.bank_word.paid_on
        return self.kept_alone.booked_on if self.kept_alone else None

    @property
    def paid_on(self) -> date:
        word = self.platform_word or self.bank_word
        if word:
            return word.paid_on
        if self.kept_alone or (self.row and self.row.received_at):
            return self.row.paid_on  # type: ignore[union-attr]  # one of the two has a row
        line = self.line
        return (line.valued_on if line else None) or self.booked_on or date.min

    @property
    def day(self) -> date:
        """The earliest day on which the bank may have had it."""
        return min(self.paid_on, self.booked_on or self.paid_on)

    def is_known_by(self, moment: datetime) -> bool:
        """The bank itself had named it by then: what it calls paid since holds it."""
        return self.bank_word is not None and self.bank_word.named_at <= moment

    @property
    def order(self) -> tuple[date, date, datetime, str]:
        """The order in which money is laid out: by its days, and those of one day as their reports were received."""
        alone = f"{self.row.pk:020}" if self.row and not self.reference else ""
        heard = heard_at(self.line) if self.line else datetime.min.replace(tzinfo=UTC)
        name = self.reference or (self.line.fingerprint if self.line else alone)
        return (self.booked_on or self.paid_on, self.paid_on, heard, name)

    @property
    def returned_at(self) -> datetime | None:
        """When we heard that it was returned."""
        if self.back:
            return heard_at(self.back)
        if self.bank_word and self.bank_word.reversed:
            return self.bank_word.reversed_at
        return self.rejection.report.received_at if self.rejection else None

    @property
    def return_reason(self) -> str:
        """A code; see loans/return_reasons.py."""
        if self.back:
            return self.back.return_reason
        return self.rejection.reason if self.rejection and not self.booked else ""
