"""A past book: who owed what, when it fell due and when it was paid."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

from accounts.models.user import DEFAULT_TIME_ZONE, User
from loans.intake.records import LoanRecord
from loans.models import Installment
from notifications.models import Delivery
from notifications.reach import reachable

Channel = Delivery.Channel
PEOPLE_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Due:
    """What falls due on one day to the same firms, however many installments: it is told as one message.

    `settled_on` is the day on which the last of them was paid, None where one of them never was.
    """

    due_on: date
    firms: str
    settled_on: date | None


@dataclass(slots=True)
class Person:
    """A borrower as the ladders see them. `key` tells people apart and names nobody."""

    key: str
    zone: ZoneInfo
    jurisdiction: str
    channels: frozenset[str]
    dues: list[Due] = field(default_factory=list)


def read_database(first: date, last: date) -> Iterator[Person]:
    """Everybody with an installment due between these days, as they can be reached now. What awaits the bank counts as
    paid on its due date; what was withdrawn is left out.
    """
    rows = (
        Installment.objects.due_between(first, last)
        .exclude(state=Installment.State.WITHDRAWN)
        .order_by("loan__borrower_id", "due_on", "pk")
        .values_list(
            *("loan__borrower_id", "loan__borrower__time_zone", "loan__borrower__jurisdiction", "due_on", "state"),
            *("settled_on", "loan__bank_id", "loan__platform_id", "loan__currency"),
        )
    )
    people = (_person(list(group)) for _id, group in groupby(rows.iterator(chunk_size=5000), key=itemgetter(0)))
    while batch := list(islice(people, PEOPLE_AT_ONCE)):
        ways = reachable(int(person.key) for person in batch)
        for person in batch:
            person.channels = frozenset(ways[int(person.key)])
            yield person


def _person(rows: list[tuple[Any, ...]]) -> Person:
    borrower_id, zone, jurisdiction, *_rest = rows[0]
    person = Person(str(borrower_id), User(time_zone=zone).zone, jurisdiction, frozenset())
    awaiting = Installment.State.AWAITING_BANK
    parts = (
        (due_on, f"{bank}/{platform}/{currency}", due_on if state == awaiting else settled_on)
        for _id, _zone, _law, due_on, state, settled_on, bank, platform, currency in rows
    )
    person.dues = merge(parts)
    return person


def read_records(records: Iterable[LoanRecord], first: date, last: date, jurisdiction: str) -> list[Person]:
    """The people of a partner's file with an installment due between these days; one who is named without a contact
    can be reached by nobody.
    """
    parts: dict[str, list[tuple[date, str, date | None]]] = {}
    people: dict[str, Person] = {}
    for record in records:
        borrower = record.borrower
        key = borrower.external_id if borrower else record.external_id
        ways = {Channel.SMS: borrower and borrower.phone, Channel.EMAIL: borrower and borrower.email}
        zone = User(time_zone=(borrower and borrower.time_zone) or DEFAULT_TIME_ZONE).zone
        reached = frozenset(str(channel) for channel, address in ways.items() if address)
        people.setdefault(key, Person(key, zone, jurisdiction, reached))
        parts.setdefault(key, []).extend(
            (one.due_on, record.currency, one.settled_on)
            for one in record.installments
            if first <= one.due_on <= last and (one.outstanding or one.settled_on)
        )
    for key, person in people.items():
        person.dues = merge(parts[key])
    return [person for person in people.values() if person.dues]


def merge(parts: Iterable[tuple[date, str, date | None]]) -> list[Due]:
    """Parts of one person (due date, firms, day of payment) as what is told together."""
    found: dict[tuple[date, str], list[date | None]] = {}
    for due_on, firms, settled_on in parts:
        found.setdefault((due_on, firms), []).append(settled_on)
    return [
        Due(due_on, firms, None if None in days else max(day for day in days if day))
        for (due_on, firms), days in sorted(found.items())
    ]
