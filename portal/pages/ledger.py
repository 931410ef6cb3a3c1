"""Where one loan stands, read with nine queries whatever its length."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import takewhile
from typing import Final

from accounts.models import User
from loans.models import Dispute, Installment, Loan, OutageHold, Payment, PaymentPart, Position
from loans.standing import Key, Standing, standing
from notifications.history import Entry, entries
from notifications.models import Prompt
from portal.pages.overview import dispute_about, one_an_outage

TOLD: Final = 12
"""So many of the last things told stand on the page; the inbox has them all."""
FOLD_FROM: Final = 3
"""More paid installments than this at the start of a schedule, or planned ones at its end, are folded away."""
QUESTIONABLE: Final = set(Key) - {Key.PLANNED, Key.WITHDRAWN}
"""Where a row of the schedule offers "something is wrong"; the foot of the page offers it for the rest."""


@dataclass(frozen=True, slots=True)
class Row:
    """One installment of the schedule."""

    installment: Installment
    standing: Standing

    @property
    def questionable(self) -> bool:
        return self.standing.key in QUESTIONABLE or self.installment.is_waived


@dataclass(frozen=True, slots=True)
class Difference:
    """Both firms' words on one installment where they are not the same. None: that firm has said nothing of it yet."""

    installment: Installment
    bank: Position | None
    platform: Position | None

    @property
    def bank_leads(self) -> bool:
        """The bank counts it as paid and the platform does not know."""
        return self.bank is not None and self.bank.status == Position.Status.PAID


@dataclass(frozen=True, slots=True)
class Ledger:
    """Money is in the loan's currency; `left` leaves out what waits for the bank, with whatever was charged on it
    meanwhile. `counts`: installments by standing. `next` is the next one to pay.

    `credit` is what arrived and was more than was owed; `parts` are those of the last payment.
    """

    loan: Loan
    rows: Sequence[Row]
    paid: Decimal
    left: Decimal
    counts: dict[str, int]
    next: Row | None
    payments: Sequence[Payment]
    credit: Decimal
    parts: Sequence[PaymentPart]
    differences: Sequence[Difference]
    told: Sequence[Entry]
    disputes: Sequence[Dispute]
    holds: Sequence[OutageHold]
    """One an outage that touches something unpaid of it."""

    @property
    def earlier(self) -> Sequence[Row]:
        """The paid start of the schedule, where it is long enough to be folded away."""
        start = list(takewhile(lambda row: row.standing.key == Key.SETTLED, self.rows))
        return start[:-1] if len(start) > FOLD_FROM else []

    @property
    def later(self) -> Sequence[Row]:
        """The planned end of the schedule, but for its first few, where it is long enough to be folded away."""
        planned = list(takewhile(lambda row: row.standing.key == Key.PLANNED, reversed(self.rows)))
        return planned[::-1][FOLD_FROM:]

    @property
    def current(self) -> Sequence[Row]:
        """What is in between: from the last paid installment to the next few planned ones."""
        return self.rows[len(self.earlier) : len(self.rows) - len(self.later)]


def read_ledger(borrower: User, loan: Loan, *, today: date, now: datetime) -> Ledger:
    """Everything that the page of `loan` needs. `today` is the borrower's own day."""
    disputes = list(Dispute.objects.of(borrower.pk).undecided().filter(loan=loan).select_related("installment"))
    installments = list(loan.installments.order_by("number"))
    holds = list(OutageHold.objects.filter(installment__loan=loan).in_force(now).select_related("outage__partner"))
    held = {hold.installment_id for hold in holds}
    rows = [_row(installment, today, disputes, held) for installment in installments]
    unpaid = {one.pk for one in installments if one.state in {Installment.State.OPEN, Installment.State.AWAITING_BANK}}
    positions = Position.objects.filter(installment__loan=loan).select_related("partner")
    payments = list(loan.payments.select_related("installment", "loan__bank", "loan__platform"))
    parts = PaymentPart.objects.filter(payment__loan=loan, amount__gt=0).select_related("installment")
    prompts = Prompt.objects.of(borrower.pk).about_loan(loan.pk).with_subject()[:TOLD]
    return Ledger(
        loan=loan,
        rows=rows,
        paid=sum((one.paid for one in installments), Decimal(0)),
        left=sum((one.outstanding for one in installments if one.state == Installment.State.OPEN), Decimal(0)),
        counts=dict(Counter(row.standing.key.value for row in rows)),
        next=next((row for row in rows if row.installment.state == Installment.State.OPEN), None),
        payments=payments,
        credit=sum((one.credit for one in payments), Decimal(0)),
        parts=[part for part in parts if part.payment_id == payments[0].pk],
        differences=differences(loan, installments, positions),
        told=entries(prompts),
        disputes=disputes,
        holds=one_an_outage(hold for hold in holds if hold.installment_id in unpaid),
    )


def _row(installment: Installment, today: date, disputes: Iterable[Dispute], held: Collection[int]) -> Row:
    disputed = dispute_about(installment, disputes) is not None
    return Row(installment, standing(installment, today, disputed=disputed, held=installment.pk in held))


def differences(loan: Loan, installments: Iterable[Installment], positions: Iterable[Position]) -> list[Difference]:
    """The installments on which the loan's two firms do not say the same; without a platform there are none."""
    if loan.platform_id is None:
        return []
    said = {(position.installment_id, position.partner_id): position for position in positions}
    found = []
    for installment in installments:
        bank = said.get((installment.pk, loan.bank_id))
        platform = said.get((installment.pk, loan.platform_id))
        if _differ(bank, platform):
            found.append(Difference(installment, bank, platform))
    return found


def _differ(bank: Position | None, platform: Position | None) -> bool:
    """A platform that said "due" before the bank said "paid" does not differ: it has only not spoken since."""
    if platform is None:
        return False
    if bank is None or bank.status == Position.Status.DUE:
        return platform.status == Position.Status.PAID
    return platform.status == Position.Status.DUE and platform.as_of >= bank.as_of
