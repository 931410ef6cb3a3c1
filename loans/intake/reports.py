"""Receives a partner's file: the raw bytes are kept first, then its records are applied in chunks."""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from django.utils import timezone

from loans.intake.apply_loans import apply_loans
from loans.intake.apply_statement import apply_entries
from loans.intake.chunks import Apply, Record, apply_in_chunks
from loans.intake.news import News
from loans.intake.reading import read_loans, read_statement
from loans.intake.records import Refusal, UnreadableFile
from loans.models import Partner, Report

MOST_KEPT: Final = 1000
"""Refusals and remarks that are kept of one file; a file with more is wrong as a whole, and its bytes are there."""


@dataclass(frozen=True, slots=True)
class Way:
    """How files of one kind are read, and how their records are applied."""

    read: Callable[[BinaryIO, str], Iterator[Record | Refusal]]
    apply: Apply


WAYS: Final = {
    Report.Kind.LOANS: Way(read_loans, apply_loans),
    Report.Kind.STATEMENT: Way(read_statement, apply_entries),
}


class UnknownPartnerError(Exception):
    """No partner has this code, or several could be meant."""


@dataclass(slots=True)
class Outcome:
    """What became of a file. `duplicate`: these bytes had been applied before, and nothing was done."""

    report_id: int
    duplicate: bool = False
    applied: int = 0
    unchanged: int = 0
    unmatched: int = 0
    waiting: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def status(self) -> Report.Status:
        if not self.refusals:
            return Report.Status.APPLIED
        return (
            Report.Status.PARTLY
            if self.applied or self.unchanged or self.unmatched or self.waiting
            else Report.Status.REFUSED
        )


def partner_for(code: str | None, kind: str) -> Partner:
    """The partner of this code; without one, the only bank there is. Raises UnknownPartnerError."""
    if code:
        found = Partner.objects.filter(code=code).first()
        if found is None:
            raise UnknownPartnerError(f"No partner has the code “{code}”. `manage.py add_partner` makes one.")
        return found
    banks = list(Partner.objects.filter(kind=Partner.Kind.BANK)[:2])
    if len(banks) != 1:
        count = "no bank" if not banks else "more than one bank"
        raise UnknownPartnerError(f"There is {count}: say whose {kind} file it is with --partner CODE.")
    return banks[0]


def receive(partner_code: str | None, kind: str, name: str, content: bytes) -> Outcome:
    """Keep `content` and apply what it says; the same bytes again change nothing.

    `kind` is a Report.Kind. Raises UnknownPartnerError. A file that cannot be read is kept too: one refusal says why.
    """
    partner = partner_for(partner_code, kind)
    report, _new = Report.objects.get_or_create(
        partner=partner,
        kind=kind,
        digest=hashlib.sha256(content).hexdigest(),
        defaults={"name": name[:255], "content": content, "received_at": timezone.now()},
    )
    if report.status != Report.Status.RECEIVED:
        refusals = [Refusal(**{**refusal, "file": name}) for refusal in report.refusals]
        return Outcome(report.pk, duplicate=True, refusals=refusals)
    outcome = _apply(report, content)
    _summarise(report, outcome)
    return outcome


def _apply(report: Report, content: bytes) -> Outcome:
    outcome = Outcome(report.pk)
    way = WAYS[Report.Kind(report.kind)]
    for result in apply_in_chunks(report, _read(way, report, content), way.apply):
        _count(outcome, result)
    return outcome


def replay(report: Report) -> Iterator[News | Refusal]:
    """Apply a report that is on record once more, telling nobody; see intake.replaying."""
    way = WAYS[Report.Kind(report.kind)]
    return apply_in_chunks(report, _read(way, report, bytes(report.content)), way.apply, tell=False)


def _read(way: Way, report: Report, content: bytes) -> Iterator[Record | Refusal]:
    try:
        yield from way.read(io.BytesIO(content), report.name)
    except UnreadableFile as fault:
        yield fault.refusal


def _count(outcome: Outcome, result: News | Refusal) -> None:
    if isinstance(result, Refusal):
        outcome.refusals.append(result)
        return
    outcome.remarks += result.remarks
    if result.unmatched:
        outcome.unmatched += 1
    elif result.waiting:
        outcome.waiting += 1
    elif result.anything:
        outcome.applied += 1
    else:
        outcome.unchanged += 1


def _summarise(report: Report, outcome: Outcome) -> None:
    Report.objects.filter(pk=report.pk).update(
        status=outcome.status,
        applied=outcome.applied,
        unchanged=outcome.unchanged,
        unmatched=outcome.unmatched,
        waiting_count=outcome.waiting,
        refusals=[
            {"file": item.file, "place": item.place, "reason": item.reason, "code": item.code}
            for item in outcome.refusals[:MOST_KEPT]
        ],
        remarks=outcome.remarks[:MOST_KEPT],
    )
