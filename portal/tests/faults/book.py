"""Borrowers with an installment that falls due soon: thousands, written in a moment."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import count, cycle, islice
from typing import Final

import pgtrigger
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import ContactPoint, User
from loans.models import Installment, Loan
from loans.tests.factories import make_bank, make_platform
from notifications.timing import local_day
from portal.sandbox.faults import BY_KEY

DUE_IN: Final = 3
EVERY_DEAD: Final = 50
"""One borrower in so many has neither a phone nor a mailbox that works: a person must take over."""
EVERY_TWO_LOANS: Final = 25
"""One in so many has two installments on the same day: they are told in one message."""

_numbers = count(1)


def empty() -> None:
    """No borrower is left from an earlier test. Sequences go on, so that no reference is ever made twice."""
    models = [
        model for app in ("accounts", "loans", "notifications") for model in apps.get_app_config(app).get_models()
    ]
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in models)} CASCADE")


@transaction.atomic
def write(
    borrowers: int, *, phones: Sequence[str] = ("deliver",), mail: str = "deliver", due_in: int = DUE_IN
) -> set[int]:
    """Write so many borrowers who owe something in `due_in` days, as was known yesterday; their phones meet these
    faults by turns, their mailboxes that one. Returns the ids of their installments.
    """
    faults = islice(cycle(phones), borrowers)
    users = User.objects.bulk_create([_user(next(_numbers), phone, mail) for phone in faults], batch_size=1000)
    ContactPoint.objects.bulk_create([point for user in users for point in _points(user)], batch_size=1000)
    loans = Loan.objects.bulk_create(_loans(users), batch_size=1000)
    due_on = local_day(timezone.now(), users[0].zone) + timedelta(days=due_in)
    installments = [_installment(loan, due_on) for loan in loans]
    return {made.pk for made in Installment.objects.bulk_create(installments, batch_size=1000)}


def _user(number: int, phone: str, mail: str) -> User:
    """The sandbox reads the fault from the last four digits of a phone, and from the tag in an address."""
    if number % EVERY_DEAD == 0:
        phone = mail = "bounce"
    # Whom the table does not name meets what is usual, and thereby an outage.
    ending = "9999" if phone == "deliver" else BY_KEY[phone].ending
    tag = "" if mail == "deliver" else f"+{mail}"
    return User(
        name=f"Borrower {number}",
        email=f"b{number}{tag}@example.test",
        phone=f"+861{number:06d}{ending}",
        locale="en",
        password="!",
    )


def _points(user: User) -> list[ContactPoint]:
    ways = ((ContactPoint.Kind.PHONE, user.phone), (ContactPoint.Kind.EMAIL, user.email))
    source = ContactPoint.Source.PARTNER
    return [ContactPoint(user=user, kind=kind, address=address or "", source=source) for kind, address in ways]


def _loans(users: list[User]) -> list[Loan]:
    firms = {"bank": make_bank(), "platform": make_platform()}
    return [
        Loan(borrower=user, external_id=f"LN-{user.pk}-{which}", currency="CNY", principal=Decimal(1200), **firms)
        for place, user in enumerate(users)
        for which in range(2 if place % EVERY_TWO_LOANS == 0 else 1)
    ]


def _installment(loan: Loan, due_on: date) -> Installment:
    total = Decimal(100)
    return Installment(
        loan=loan,
        number=1,
        due_on=due_on,
        principal=total,
        total=total,
        outstanding=total,
        payment_reference=loan.external_id,
        known_at=timezone.now() - timedelta(days=1),
    )
