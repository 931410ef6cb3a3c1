"""Bundles for tests: installments that are told together, and messages about them."""

import json
from datetime import date, timedelta

import pgtrigger

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.models import Installment, Outage, OutageHold
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.cancellation import cancel_settled
from notifications.escalation import climb
from notifications.models import Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock, word_these
from notifications.wording.facts import Facts

DUE = TODAY + timedelta(days=3)


def make_pair(
    borrower: User | None = None, due_on: date = DUE, products: tuple[str, str] = ("", "")
) -> list[Installment]:
    """Two loans of one borrower and one bank, due on one day: 100 and 250. Nothing is planned."""
    borrower, bank = borrower or make_borrower(), make_bank()
    loans = [make_loan(borrower, bank=bank, product=product) for product in products]
    rows = [make_installment(loan, due_on=due_on, total=total) for loan, total in zip(loans, (100, 250), strict=True)]
    Installment.objects.filter(loan__in=loans).update(known_at=NOON - timedelta(days=30))
    return rows


def make_pair_with_a_person() -> list[Installment]:
    """The same, told together; nothing reached their borrower."""
    rows = make_pair()
    plan_upcoming(clock())
    with pgtrigger.ignore():
        Delivery.objects.all().delete()
    Prompt.objects.update(look_again_at=NOON, deadline=NOON)
    climb(clock())
    return rows


def settle(row: Installment) -> None:
    Installment.objects.filter(pk=row.pk).update(state="settled", paid=row.total, outstanding=0)
    cancel_settled([row.pk], now=NOON)


def hold_by_outage(row: Installment) -> None:
    outage = Outage.objects.create(partner=row.loan.bank, starts_at=NOON, declared_at=NOON, reason="Down.")
    OutageHold.objects.create(outage=outage, installment=row, since=NOON)


def deliver(channel: str) -> Delivery:
    """The one delivery on that channel, worded as things stand and delivered."""
    delivery = Delivery.objects.get(channel=channel)
    [worded], faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    Delivery.objects.filter(pk=delivery.pk).update(
        facts=json.loads(worded.kept.facts),
        wording=worded.kept.wording,
        status="delivered",
        handed_at=NOON,
        sent_at=NOON,
        delivered_at=NOON,
    )
    delivery.refresh_from_db()
    return delivery


def facts_of(delivery: Delivery) -> Facts:
    return Facts.from_json(delivery.facts or {})


def statuses() -> dict[int | None, str]:
    """The status of each prompt, by its installment."""
    return dict(Prompt.objects.values_list("installment", "status"))
