"""Loads the demonstration's book through the real intake, and gives its people a way to sign in."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from loans.intake.reports import receive
from loans.models import Feed, Loan, Partner, Report
from notifications.models import Responsibility, Sender
from portal.agents import GROUPS
from portal.demo.book import BANK, BANK_SENDS, PLATFORM, Book, write_book
from portal.demo.book_files import bank_csv, bank_json, platform_json
from portal.demo.people import PAID, STORIES
from portal.demo.sign_ins import AGENT_EMAIL, NEXT_NOTIFICATION, keep_sign_ins
from portal.demo.statement_file import Credit, notification

IN_CSV: Final = 30
"""The last so many loans of the book come as CSV, the others as JSON."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the book, and whose it is."""

    name: str
    partner: str
    kind: Report.Kind
    content: bytes


def load(folder: Path, today: date, say: Callable[[str], None]) -> None:
    """Load the book into an empty database; where loans are in it already, nothing happens.

    Keeps the files under `folder`/book, the bank's next notification among them, and the sign-ins in
    `folder`/sign-ins.json.
    """
    if Loan.objects.exists():
        return
    book = write_book(today)
    place = folder / "book"
    place.mkdir(mode=0o700, exist_ok=True)
    # All or nothing: a start that is broken off leaves an empty book.
    with transaction.atomic():
        _make_partners()
        for file in files(book):
            (place / file.name).write_bytes(file.content)
            outcome = receive(file.partner, file.kind, file.name, file.content)
            if outcome.refusals:
                raise RuntimeError(f"The demonstration's own file was refused: {outcome.refusals[0]}")
            say(f"{file.name}: {outcome.applied} applied, {outcome.unmatched} unmatched")
        _expect_events()
        _leave_to_the_bank()
        _make_sign_ins(folder)
    (place / NEXT_NOTIFICATION).write_bytes(_booking(book))


BANK_LOANS: Final = "harbour-loans.json"


def files(book: Book) -> Iterator[File]:
    """What has arrived so far, in the order of arrival."""
    split = len(book.loans) - IN_CSV
    yield File(BANK_LOANS, BANK, Report.Kind.LOANS, bank_json(book.loans[:split]))
    yield File("harbour-loans.csv", BANK, Report.Kind.LOANS, bank_csv(book.loans[split:]))
    paid = [loan for loan in book.loans if loan.paid_at_platform]
    yield File("lantern-loans.json", PLATFORM, Report.Kind.LOANS, platform_json(paid))
    stray = [
        Credit("HB-9001", Decimal("311.00"), "", "还款，谢谢"),
        Credit("HB-9002", Decimal("88.80"), "TX-UNKNOWN-77"),
    ]
    yield File("harbour-054-1.xml", BANK, Report.Kind.STATEMENT, notification("HB-054-1", book.today, stray))


def _booking(book: Book) -> bytes:
    loan = book.loan_of(PAID)
    period = loan.paid_at_platform[0]
    return notification("HB-054-2", book.today, [Credit("HB-9003", loan.total, loan.payment_id(period))])


def _make_partners() -> None:
    Partner.objects.update_or_create(
        code=BANK,
        defaults={
            "kind": Partner.Kind.BANK,
            "name": "Harbour Bank",
            "phone": "400-820-0017",
            "usual_lag_days": 1,
        },
    )
    Partner.objects.update_or_create(
        code=PLATFORM,
        defaults={
            "kind": Partner.Kind.PLATFORM,
            "name": "Lantern Mall",
            "phone": "400-820-0042",
            "how_to_pay": "Lantern Mall app: My account, Pay monthly, Pay now\nLantern Mall 应用：我的—分期—立即还款",
        },
    )


def _expect_events() -> None:
    """The platform pushes something every hour, and has been silent since yesterday."""
    feed = Feed.objects.create(partner=Partner.objects.get(code=PLATFORM), kind=Report.Kind.EVENTS, every_hours=1)
    Feed.objects.filter(pk=feed.pk).update(watched_since=timezone.now() - timedelta(days=1))


def _leave_to_the_bank() -> None:
    """The bank sends the prompts of one product itself, and has twelve hours to report it: a minute here."""
    bank = Partner.objects.get(code=BANK)
    Responsibility.objects.create(bank=bank, product=BANK_SENDS, responsible=Sender.BANK, hours=12)


def _make_sign_ins(folder: Path) -> None:
    """One password for all of the demonstration's people, new at each fresh start."""
    password = secrets.token_urlsafe(9)
    hashed = make_password(password)
    agent = User.objects.create_user(AGENT_EMAIL, name="Agent", is_staff=True, locale="en")
    agent.groups.set(Group.objects.filter(name__in=GROUPS))
    User.objects.filter(email__in=[AGENT_EMAIL, *(person.email for person in STORIES)]).update(password=hashed)
    people = [("Agent", AGENT_EMAIL, password)]
    keep_sign_ins(folder, people + [(person.name, person.email, password) for person in STORIES])
