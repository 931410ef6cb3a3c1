"""Applies events in sets: those of one partner together, as many rounds as one loan has events among them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from loans.intake.apply_loans import apply_together
from loans.intake.banks import Banks, banks_named
from loans.intake.cases import SEVERAL_BANKS
from loans.intake.events import outages  # noqa: F401 - takes up what firms say of their outages
from loans.intake.events.event_types import NoticeRecord
from loans.intake.events.handlers import HANDLERS
from loans.intake.events.incoming import KEPT, UNKNOWN_BANK, UNKNOWN_LOAN, Incoming, Outcome, Status
from loans.intake.news import News
from loans.intake.records import Code, LoanRecord
from loans.models import Installment, Loan, Partner, Report


class Known(NamedTuple):
    """What is known of the loan that an event is about before it is applied; of `several` it does not say which."""

    pk: int
    currency: str
    platform_id: int | None
    several: bool = False


def apply_events(incoming: Sequence[Incoming], *, tell: bool = True) -> dict[Incoming, Outcome]:
    """Write what these events say; each with its outcome. Run it in a transaction of its own.

    Without `tell`, the floors above hear nothing of it: it is done in a copy.

    The number of statements depends on how many of them are one partner's about one and the same loan, and on nothing
    else.
    """
    outcomes: dict[Incoming, Outcome] = {}
    for events in _rounds(sorted(incoming, key=lambda event: event.order)):
        outcomes |= _apply_round(events)
    if tell:
        News.of(outcome.news for outcome in outcomes.values() if outcome.news).send()
    return outcomes


def _rounds(events: Iterable[Incoming]) -> list[list[Incoming]]:
    """Sets of one partner in which each loan is named once, in the order of the events."""
    rounds: dict[tuple[int, int], list[Incoming]] = defaultdict(list)
    seen: dict[tuple[int, str], int] = defaultdict(int)
    for event in events:
        partner_id, loan = event.report.partner_id, event.pushed.loan
        number = seen[partner_id, loan] if loan else 0
        seen[partner_id, loan] += 1
        rounds[number, partner_id].append(event)
    return [rounds[key] for key in sorted(rounds)]


def _apply_round(events: Sequence[Incoming]) -> dict[Incoming, Outcome]:
    partner = events[0].report.partner
    banks = banks_named({event.pushed.bank for event in events})
    known = _known_loans(partner, events, banks)
    outcomes = {event: found for event in events if (found := _judged(event, partner, known.get(event), banks))}
    outcomes |= _without_their_periods([event for event in events if event not in outcomes], known)
    left = [event for event in events if event not in outcomes]
    return outcomes | _apply_records(left) | _hand_on(left)


def _known_loans(partner: Partner, events: Sequence[Incoming], banks: Banks) -> dict[Incoming, Known]:
    loans = Loan.objects.filter(external_id__in={event.pushed.loan for event in events if event.pushed.loan})
    if partner.kind == Partner.Kind.BANK:
        loans = loans.filter(bank=partner)
    else:
        loans = loans.filter(bank__in=Partner.objects.filter(kind=Partner.Kind.BANK))
    by_number: dict[str, list[tuple[int, Known]]] = defaultdict(list)
    rows = loans.values_list("external_id", "bank_id", "pk", "currency", "platform_id")
    for number, bank_id, pk, currency, platform_id in rows:
        by_number[number].append((bank_id, Known(pk, currency, platform_id)))
    found = {}
    for event in events:
        bank = banks.get(event.pushed.bank)
        meant = [known for bank_id, known in by_number[event.pushed.loan] if bank is None or bank_id == bank.pk]
        if meant:
            found[event] = _meant(partner, meant)
    return found


def _meant(partner: Partner, rows: Sequence[Known]) -> Known:
    """Two banks may use one number: a platform's own loan goes before one that nobody sold yet, that before others'."""
    for sold_by in (partner.pk, None):
        if fitting := [row for row in rows if row.platform_id == sold_by]:
            return fitting[0]._replace(several=len(fitting) > 1)
    return rows[0]


def _judged(event: Incoming, partner: Partner, loan: Known | None, banks: Banks) -> Outcome | None:
    """What can be said by looking at the loan alone; None where the event is to be applied."""
    kind, record = event.pushed.event_type, event.pushed.record
    if not kind.about_loan:
        return None
    if event.pushed.bank and not _may_name(partner, banks.get(event.pushed.bank), event.report):
        return UNKNOWN_BANK
    if loan is None:
        return None if kind.new_loan else UNKNOWN_LOAN
    if partner.kind == Partner.Kind.PLATFORM and loan.platform_id not in {None, partner.pk}:
        return Outcome(Status.REFUSED, Code.NOT_YOUR_LOAN, "the loan was sold by another platform")
    if loan.several:
        return Outcome(Status.REFUSED, Code.VALUE, SEVERAL_BANKS.format(event.pushed.loan))
    if isinstance(record, LoanRecord) and loan.currency != record.currency:
        return Outcome(Status.REFUSED, Code.CURRENCY, f"the loan is in {loan.currency}, not in {record.currency}")
    return None


def _may_name(partner: Partner, bank: Partner | None, report: Report) -> bool:
    """A bank speaks of its own loans alone. One that came to be known since is not known to what came before."""
    if bank is None or bank.known_since > report.received_at:
        return False
    return partner.kind == Partner.Kind.PLATFORM or bank.pk == partner.pk


def _without_their_periods(events: Sequence[Incoming], known: Mapping[Incoming, Known]) -> dict[Incoming, Outcome]:
    """Notices about a period that their loan has not. What is said of money is kept until the period comes."""
    naming = {event: number for event in events if (number := _period_named(event))}
    loans = {known[event].pk for event in naming}
    there = set(Installment.objects.filter(loan__in=loans).values_list("loan_id", "number")) if loans else set()
    return {
        event: Outcome(Status.REFUSED, Code.UNKNOWN_INSTALLMENT, f"the loan has no period {number}")
        for event, number in naming.items()
        if (known[event].pk, number) not in there
    }


def _period_named(event: Incoming) -> int | None:
    record = event.pushed.record
    return record.data.get("installment") if isinstance(record, NoticeRecord) else None


def _apply_records(events: Sequence[Incoming]) -> dict[Incoming, Outcome]:
    about_loans = [(event, event.pushed.record) for event in events if isinstance(event.pushed.record, LoanRecord)]
    reports = [event.report for event, _record in about_loans]
    records = [_in_its_place(event, record) for event, record in about_loans]
    answers = apply_together(reports, records)
    return {event: Outcome.of(answer) for (event, _record), answer in zip(about_loans, answers, strict=True)}


def _in_its_place(event: Incoming, record: LoanRecord) -> LoanRecord:
    """Events of one message and moment are words in the order of the message, whichever of them had to wait."""
    place = event.pushed.place
    return replace(record, place=f"event {place + 1}", as_of=event.pushed.occurred_at + timedelta(microseconds=place))


def _hand_on(events: Sequence[Incoming]) -> dict[Incoming, Outcome]:
    """Give what is not about figures to whoever takes it up."""
    by_type: dict[str, list[tuple[Incoming, NoticeRecord]]] = defaultdict(list)
    for event in events:
        if isinstance(event.pushed.record, NoticeRecord):
            by_type[event.pushed.event_type.name].append((event, event.pushed.record))
    outcomes: dict[Incoming, Outcome] = {}
    for name, notices in by_type.items():
        handler = HANDLERS.get(name)
        found = map(Outcome.of, handler(notices)) if handler else [KEPT] * len(notices)
        outcomes |= {event: outcome for (event, _record), outcome in zip(notices, found, strict=True)}
    return outcomes
