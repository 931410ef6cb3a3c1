"""All that is on record of locked loans: read for many of them at once, whatever is to be derived from it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from loans.intake.precedence import BEFORE_ALL, Moment, Moments
from loans.models import (
    Installment,
    Loan,
    LoanWord,
    Payment,
    PaymentPart,
    PaymentStatus,
    PaymentWord,
    Position,
    Report,
    StatementLine,
)
from loans.models.payment_status import REJECTED


@dataclass(frozen=True, slots=True)
class Spoken:
    """A partner's word on a payment, and its moment."""

    word: PaymentWord
    moment: Moment


@dataclass(frozen=True, slots=True)
class Told:
    """A partner's word on the payment of this reference, that no row carries yet."""

    reference: str
    spoken: Spoken

    @property
    def key(self) -> tuple[object, ...]:
        return self.reference, *self.spoken.word.key


@dataclass(slots=True, eq=False)
class Account:
    """The facts about one loan. Lines and words may be there that are not saved yet.

    `report` is the one that says more of it, or of a line that names it, None where an agent decided; `left`: ids of
    payments whose line turned out to be about another loan.
    """

    loan: Loan
    report: Report | None
    said: dict[int, LoanWord] = field(default_factory=dict)
    words: dict[int, Moment] = field(default_factory=dict)
    agreed: dict[int, Moment] = field(default_factory=dict)
    installments: dict[int, Installment] = field(default_factory=dict)
    positions: dict[tuple[int, int], Position] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    payment_words: dict[int, list[Spoken]] = field(default_factory=lambda: defaultdict(list))
    told: list[Told] = field(default_factory=list)
    lines: list[StatementLine] = field(default_factory=list)
    rejections: list[PaymentStatus] = field(default_factory=list)
    left: set[int] = field(default_factory=set)
    parts: dict[tuple[int, int], PaymentPart] = field(default_factory=dict)
    moments: Moments | None = None
    _in_force: list[Installment] | None = None

    @property
    def in_force(self) -> list[Installment]:
        """The schedule, in the order in which it falls due; to be asked for when it is written."""
        if self._in_force is None:
            self._in_force = self.schedule()
        return self._in_force

    def schedule(self) -> list[Installment]:
        """The same as it is at this moment, also before it is written."""
        rows = (row for row in self.installments.values() if row.state != Installment.State.WITHDRAWN)
        return sorted(rows, key=lambda row: (row.due_on, row.number))

    def word_of(self, partner_id: int | None) -> Moment:
        """The latest word of this partner on the whole loan."""
        return self.words.get(partner_id or 0, BEFORE_ALL)

    def agreement_of(self, partner_id: int | None) -> Moment:
        """The latest word of this partner on what was agreed."""
        return self.agreed.get(partner_id or 0, BEFORE_ALL)

    def position(self, row: Installment, partner_id: int | None) -> Position | None:
        return self.positions.get((row.pk, partner_id or 0)) if row.pk else None

    def figure_of(self, row: Installment, partner_id: int | None) -> Moment | None:
        """As of when this partner's figure for the installment is; None where it gave none."""
        position = self.position(row, partner_id)
        if position is None or position.told is None or not (self.moments and position.told_at and position.told_in_id):
            return None
        return max(self.moments.of(position.told_at, position.told_in_id), self.word_of(partner_id))


def read_schedules(accounts: Collection[Account]) -> None:
    """Read words, installments and positions of these accounts."""
    by_loan = {account.loan.pk: account for account in accounts}
    words = list(LoanWord.objects.filter(loan__in=by_loan))
    positions = list(Position.objects.filter(installment__loan__in=by_loan))
    said_in = [*(word.report_id for word in words), *(word.agreed_in_id for word in words)]
    said_in += [position.told_in_id for position in positions]
    moments = Moments({account.report for account in accounts if account.report}, [pk for pk in said_in if pk])
    for account in accounts:
        account.moments = moments
    for word in words:
        account = by_loan[word.loan_id]
        account.said[word.partner_id] = word
        account.words[word.partner_id] = moments.of(word.as_of, word.report_id)
        if word.agreed_at and word.agreed_in_id:
            account.agreed[word.partner_id] = moments.of(word.agreed_at, word.agreed_in_id)
    for row in Installment.objects.filter(loan__in=by_loan).order_by("loan_id", "number"):
        by_loan[row.loan_id].installments[row.number] = row
    homes = {row.pk: account for account in accounts for row in account.installments.values()}
    for position in positions:
        homes[position.installment_id].positions[position.installment_id, position.partner_id] = position


def read_money(accounts: Iterable[Account]) -> None:
    """Read payments, what was said of them, and the bank's lines of these accounts."""
    by_loan = {account.loan.pk: account for account in accounts}
    for payment in Payment.everything.filter(loan__in=by_loan).order_by("loan_id", "pk"):
        by_loan[payment.loan_id].payments.append(payment)
    words = PaymentWord.objects.filter(payment__loan__in=by_loan)
    for word in words.annotate(
        loan_id=F("payment__loan"), received_at=F("report__received_at"), digest=F("report__digest")
    ):
        moment = Moment(word.as_of, word.received_at, word.digest)
        by_loan[word.loan_id].payment_words[word.payment_id].append(Spoken(word, moment))
    for part in PaymentPart.objects.filter(payment__loan__in=by_loan).annotate(loan_id=F("payment__loan")):
        by_loan[part.loan_id].parts[part.payment_id, part.installment_id] = part
    _read_rejections(by_loan)
    known = {line.pk: line for account in by_loan.values() for line in account.lines if line.pk}
    lines = StatementLine.objects.filter(loan__in=by_loan).exclude(pk__in=known)
    for line in lines.annotate(heard_at=F("report__received_at")).defer("remittance"):
        by_loan[line.loan_id or 0].lines.append(line)


def _read_rejections(by_loan: Mapping[int, Account]) -> None:
    """Status reports of payments that will not come, also those that were here before their payments."""
    loans: dict[str, list[Account]] = defaultdict(list)
    for account in by_loan.values():
        names = {payment.end_to_end_id for payment in account.payments} | {one.reference for one in account.told}
        for name in names - {""}:
            loans[name].append(account)
    if not loans:
        return
    rejected = PaymentStatus.objects.filter(status__in=REJECTED, end_to_end_id__in=loans).select_related("report")
    for status in rejected.defer("report__content").order_by("report__received_at", "report__digest", "place"):
        for account in loans[status.end_to_end_id]:
            if status.report.partner_id in {account.loan.bank_id, account.loan.platform_id}:
                account.rejections.append(status)


def heard_at(line: StatementLine) -> datetime:
    """When the report that brought the line was received."""
    known: datetime | None = getattr(line, "heard_at", None)
    return known or line.report.received_at
