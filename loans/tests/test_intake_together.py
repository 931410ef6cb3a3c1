"""A file gives the same whether its records are applied together or one by one."""

import random
from typing import Any

import pytest
from django.db import transaction

from accounts.models import ContactPoint, User
from loans.intake import chunks
from loans.intake.state import STATE, state_of
from loans.intake.statement_records import EntryRecord
from loans.models import Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans

NOT_IN_FILES = {"differences", "rejections", "waiting events", "waiting records"}
pytestmark = pytest.mark.django_db
LOANS = range(10, 30)


def loans(chance: random.Random) -> list[dict[str, Any]]:
    """Some of the loans, with people, dates and payments that do not always agree with what was said before."""
    return [any_loan(chance, number) for number in chance.sample(LOANS, chance.randrange(5, 20))]


def any_loan(chance: random.Random, number: int) -> dict[str, Any]:
    due, person = chance.choice(["2026-12-05", "2026-12-05", "2026-12-20"]), chance.randrange(5, 15)
    client = {
        "externalId": f"B-{person}",
        "displayName": chance.choice(["Lin", "Lin", "Wang", ""]),
        "mobileNo": chance.choice([f"+86138{person:08d}", f"+86138{person + 1:08d}", ""]),
        "emailAddress": chance.choice([f"lin{person}@example.test", f"lin{person + 1}@example.test", ""]),
    }
    paid = [seen(f"E-{number}-{chance.randrange(2)}") for _ in range(chance.randrange(3))]
    paid = [repayment | {"manuallyReversed": chance.random() < 0.2} for repayment in paid]
    return loan_of(number, due=due, client=client, transactions=paid)


def entries(chance: random.Random) -> list[EntryRecord]:
    """Bookings by end-to-end id, payment reference or loan number; some stand there twice."""
    numbers = [(chance.randrange(40), chance.choice(LOANS)) for _ in range(15)]
    return [
        booked(
            place,
            chance.choice([None, f"E-{number}-{chance.randrange(2)}", f"LN-{number}-1", f"Z-{chance.randrange(2)}"]),
            chance.choice([None, f"LN-{number}", f"for LN-{number}-2", f"LN-{number} LN-{number + 1}", "rent"]),
        )
        for place, number in numbers
    ]


def told(seed: int) -> list[Any]:
    """What is on record after six files, apart from what tells how they came."""
    chance = random.Random(seed)
    for _ in range(2):
        send_loans(loans(chance))
        send_loans(loans(chance), "lantern")
        send_entries(entries(chance))
    people = [
        User.objects.values_list("name", "phone", "email", "emailaddress__email", "emailaddress__primary"),
        ContactPoint.objects.values_list("user__name", "kind", "address", "source", "retired_at__date"),
    ]
    reports = Report.objects.order_by("pk").values_list("refusals", "remarks")
    return [*(sorted(map(str, row)) for row in people), *state_of().values(), list(reports)]


def with_batches_of(size: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(chunks, "BATCH", size)
    # A collection after each chunk walks through all that thousands of tests have loaded: a second for each record.
    monkeypatch.setattr("loans.intake.chunks.gc.collect", lambda: 0)
    with transaction.atomic():
        found = told(seed)
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_together_and_one_by_one_give_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    make_bank()
    make_platform()
    one_by_one, together = (with_batches_of(size, seed, monkeypatch) for size in (1, 200))
    for here, there in zip(together, one_by_one, strict=True):
        assert here == there
    assert all(
        rows or name in NOT_IN_FILES for name, rows in zip(("people", "contacts", *STATE), one_by_one, strict=False)
    )
