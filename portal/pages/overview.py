"""What one borrower's first page says, read with one query whatever number of loans there is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from accounts.models import ContactPoint, User
from loans.dispute_standing import DisputeStanding, dispute_standing
from loans.models import Dispute, Installment, Loan, OutageHold, Payment
from loans.standing import Key, Standing, standing
from notifications.models import Prompt
from portal.pages.overview_rows import GATHERING, Gathered, gather
from portal.reading_ahead import read_ahead

AHEAD: Final = timedelta(days=30)
"""How far the page looks ahead beside the next payment."""
PRESSING: Final = {Key.OVERDUE, Key.DUE_TODAY, Key.DUE_SOON, Key.HELD, Key.DISPUTED}
_ORDER: Final = (Key.OVERDUE, Key.DUE_TODAY, Key.DUE_SOON, Key.HELD, Key.DISPUTED, Key.AWAITING_BANK, Key.PLANNED)


@dataclass(frozen=True, slots=True)
class Item:
    """One installment with what belongs to it: its payment on the way, the last prompt that asked about it."""

    installment: Installment
    standing: Standing
    payment: Payment | None
    prompt: Prompt | None
    dispute: Dispute | None
    bank_heard_at: datetime | None
    """When the bank last said anything about money; what was paid since cannot show yet."""
    on_the_way: Decimal | None
    """How much of it has been seen and is not booked yet, of whichever payment."""

    @property
    def firm_to_pay(self) -> str:
        return self.installment.loan.seller_name


@dataclass(frozen=True, slots=True)
class Overview:
    """`first` is what the page opens with; `others` fall due within 30 days or earlier."""

    first: Item | None
    others: Sequence[Item]
    last_payment: Payment | None
    loans: Sequence[Loan]
    unanswered: Sequence[Prompt]
    disputes: Sequence[tuple[Dispute, DisputeStanding]]
    unreachable: Sequence[ContactPoint]
    holds: Sequence[OutageHold]
    """One an outage that touches something unpaid of theirs."""

    @property
    def needs_reader(self) -> bool:
        pressing = [item for item in (self.first, *self.others) if item and item.standing.key in PRESSING]
        return bool(pressing or self.unanswered or self.disputes or self.unreachable)


def ask_overview(borrower: User, *, today: date, now: datetime) -> str:
    """All that the first page of `borrower` is made of, as a text: as long as it is the same, so is the page of a day.

    `today` is the borrower's own day.
    """
    last_day, ahead = today + AHEAD, read_ahead()
    if ahead and (ahead.person_id, ahead.last_day) == (borrower.pk, last_day):
        return ahead.overview
    return GATHERING.ask(borrower=borrower.pk, last_day=last_day, now=now)


def read_overview(text: str, *, today: date) -> Overview:
    """What the page says, of the text that `ask_overview` gave."""
    found = gather(text)
    prompts = _latest_a_subject(found.prompts)
    heard = {loan.pk: vars(loan)["bank_heard_at"] for loan in found.loans}
    held = {hold.installment_id for hold in found.holds}
    items = _items(found, today, prompts, heard, held)
    first = items[0] if items else None
    return Overview(
        first=first,
        others=items[1:],
        last_payment=found.payments[0] if found.payments else None,
        loans=found.loans,
        unanswered=[one for one in prompts if not answered(one) and not (first and one is first.prompt)],
        disputes=[(dispute, dispute_standing(dispute, today)) for dispute in found.disputes],
        unreachable=found.points,
        holds=one_an_outage(found.holds),
    )


def answered(prompt: Prompt) -> bool:
    """Its borrower has said "I know"."""
    return hasattr(prompt, "acknowledgement")


def _items(
    found: Gathered,
    today: date,
    prompts: Sequence[Prompt],
    heard: Mapping[int, datetime | None],
    held: Collection[int],
) -> list[Item]:
    """The installments in the order in which they press; those of one standing by due date."""
    paid = {payment.installment_id: payment for payment in found.payments if payment.status == Payment.Status.RECEIVED}
    asking = {number: prompt for prompt in reversed(prompts) for number in _named_in(prompt)}
    items = []
    for installment in found.installments:
        dispute = dispute_about(installment, found.disputes)
        how = standing(installment, today, disputed=dispute is not None, held=installment.pk in held)
        belongings = paid.get(installment.pk), asking.get(installment.pk), dispute, heard.get(installment.loan_id)
        items.append(Item(installment, how, *belongings, found.on_the_way.get(installment.pk)))
    return sorted(items, key=lambda item: (_ORDER.index(item.standing.key), item.installment.due_on))


def one_an_outage(holds: Iterable[OutageHold]) -> list[OutageHold]:
    """The first of each outage, so that it is spoken of once."""
    return list({hold.outage_id: hold for hold in reversed(list(holds))}.values())[::-1]


def dispute_about(installment: Installment, disputes: Iterable[Dispute]) -> Dispute | None:
    """The undecided dispute about this installment or about its whole loan."""
    for dispute in disputes:
        if dispute.loan_id == installment.loan_id and dispute.installment_id in {None, installment.pk}:
            return dispute
    return None


def _latest_a_subject(prompts: Iterable[Prompt]) -> list[Prompt]:
    """One prompt an installment, the latest: answering it answers those before it."""
    latest: list[Prompt] = []
    named: set[int | None] = set()
    for prompt in prompts:
        if not named.issuperset(_named_in(prompt)):
            latest.append(prompt)
        named |= _named_in(prompt)
    return latest


def _named_in(prompt: Prompt) -> set[int | None]:
    """The installments that the message names."""
    return {prompt.installment_id, *vars(prompt)["companion_installments"]}
