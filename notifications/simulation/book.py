"""A past book: who owed what, when it fell due and when it was paid."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.models.user import DEFAULT_TIME_ZONE, User
from loans.intake.records import LoanRecord
from loans.models import Installment, Loan, Partner
from notifications.models import Delivery, LeadPlan, Preference, Responsibility, Sender
from notifications.reach import reachable
from notifications.responsibility import most_specific
from notifications.slots import Plan, plan_of

Channel = Delivery.Channel
PEOPLE_AT_ONCE: Final = 1000
USUAL_PLAN: Final = Plan()


class FirmsTurn(NamedTuple):
    """The firm, by its code, that has to send a kind of prompt, and how many hours pass before the portal does."""

    kind: str
    firm: str
    hours: int


@dataclass(frozen=True, slots=True)
class Due:
    """What falls due on one day to the same firms, however many installments: it is told as one message.

    `settled_on` is the day on which the last of them was paid, None where one of them never was. `senders` are the
    firms that have to send its prompts, by the rules of today, and `plan` the leads and stages of its loans.
    """

    due_on: date
    firms: str
    settled_on: date | None
    senders: tuple[FirmsTurn, ...] = ()
    plan: Plan = USUAL_PLAN


Senders = Callable[[Loan], tuple[FirmsTurn, ...]]


@dataclass(slots=True)
class Person:
    """A borrower as the ladders see them. `key` tells people apart and names nobody; `first` is the channel that they
    put before the others, if any.
    """

    key: str
    zone: ZoneInfo
    jurisdiction: str
    channels: frozenset[str]
    dues: list[Due] = field(default_factory=list)
    first: str = ""


def read_database(first: date, last: date) -> Iterator[Person]:
    """Everybody with an installment due between these days, as they can be reached now by any of their firms. What
    awaits the bank counts as paid on its due date; what was withdrawn is left out.
    """
    rows = (
        Installment.objects.due_between(first, last)
        .exclude(state=Installment.State.WITHDRAWN)
        .order_by("loan__borrower_id", "due_on", "pk")
        .values_list(
            *("loan__borrower_id", "loan__borrower__time_zone", "loan__borrower__jurisdiction", "due_on", "state"),
            *("settled_on", "loan__bank_id", "loan__platform_id", "loan__currency", "loan_id", "loan__product"),
        )
    )
    senders, own = _senders(), list(LeadPlan.objects.order_by("pk"))
    people = (
        _person(list(group), senders, own) for _id, group in groupby(rows.iterator(chunk_size=5000), key=itemgetter(0))
    )
    while batch := list(islice(people, PEOPLE_AT_ONCE)):
        ways = reachable(int(person.key) for person in batch)
        chosen = Preference.objects.filter(user__in=ways, place=1)
        firsts = dict(chosen.values_list("user", "channel"))
        for person in batch:
            person.channels = frozenset(ways[int(person.key)])
            person.first = firsts.get(int(person.key), "")
            yield person


def _person(rows: list[tuple[Any, ...]], senders: Senders, own: Sequence[LeadPlan]) -> Person:
    """Loans that different firms have to prompt about, or that have other leads, are not told together."""
    borrower_id, zone, jurisdiction, *_rest = rows[0]
    person = Person(str(borrower_id), User(time_zone=zone).zone, jurisdiction, frozenset())
    awaiting = Installment.State.AWAITING_BANK
    parts: dict[tuple[tuple[FirmsTurn, ...], Plan], list[tuple[date, str, date | None]]] = {}
    for _id, _zone, _law, due_on, state, settled_on, bank, platform, currency, loan_id, product in rows:
        loan = Loan(pk=loan_id, bank_id=bank, platform_id=platform, product=product)
        part = (due_on, f"{bank}/{platform}/{currency}", due_on if state == awaiting else settled_on)
        parts.setdefault((senders(loan), plan_of(loan, own)), []).append(part)
    person.dues = [
        replace(due, senders=turns, plan=plan) for (turns, plan), found in parts.items() for due in merge(found)
    ]
    return person


def _senders() -> Senders:
    """Who has to send about a loan of which only the keys are known."""
    rules = list(Responsibility.objects.in_force(timezone.now()))
    codes = dict(Partner.objects.values_list("pk", "code")) if rules else {}

    def turns_of(loan: Loan) -> tuple[FirmsTurn, ...]:
        turns = []
        for kind in Responsibility.Kind.values if rules else ():
            rule = most_specific(rules, loan, kind)
            firms = {Sender.BANK.value: loan.bank_id, Sender.PLATFORM.value: loan.platform_id}
            if rule and (firm := firms.get(rule.responsible)):
                more = rule.backup_hours if firms.get(rule.backup) else 0
                turns.append(FirmsTurn(kind, codes[firm], rule.hours + more))
        return tuple(turns)

    return turns_of


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
