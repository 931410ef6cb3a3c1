"""Receives a partner's file: the raw bytes are kept first, then its records are applied one by one."""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from django.db import transaction
from django.utils import timezone

from loans.intake.apply_loans import apply_loan
from loans.intake.apply_statement import apply_entry
from loans.intake.news import News, RefusedError
from loans.intake.reading import read_loans, read_statement
from loans.intake.records import EntryRecord, LoanRecord, Refusal, UnreadableFile
from loans.models import Partner, Report

Record = LoanRecord | EntryRecord


MOST_KEPT: Final = 1000
"""Refusals and remarks that are kept of one file; a file with more is wrong as a whole, and its bytes are there."""


@dataclass(frozen=True, slots=True)
class Way:
    """How files of one kind are read, and how one of their records is applied."""

    read: Callable[[BinaryIO, str], Iterator[Record | Refusal]]
    apply: Callable[[Report, Any], News]


WAYS: Final = {
    Report.Kind.LOANS: Way(read_loans, apply_loan),
    Report.Kind.STATEMENT: Way(read_statement, apply_entry),
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
    refusals: list[Refusal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def status(self) -> Report.Status:
        if not self.refusals:
            return Report.Status.APPLIED
        return Report.Status.PARTLY if self.applied or self.unchanged or self.unmatched else Report.Status.REFUSED


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
    try:
        for record in way.read(io.BytesIO(content), report.name):
            if isinstance(record, Refusal):
                outcome.refusals.append(record)
            else:
                _count(outcome, _apply_one(way, report, record))
    except UnreadableFile as fault:
        outcome.refusals.append(fault.refusal)
    return outcome


def _apply_one(way: Way, report: Report, record: Record) -> News | Refusal:
    """One record, one transaction: what is wrong with it leaves the others alone."""
    try:
        with transaction.atomic():
            news = way.apply(report, record)
            news.send()
    except RefusedError as fault:
        return Refusal(report.name, record.place, fault.reason, fault.code)
    return news


def _count(outcome: Outcome, result: News | Refusal) -> None:
    if isinstance(result, Refusal):
        outcome.refusals.append(result)
        return
    outcome.remarks += result.remarks
    if result.unmatched:
        outcome.unmatched += 1
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
        refusals=[
            {"file": item.file, "place": item.place, "reason": item.reason, "code": item.code}
            for item in outcome.refusals[:MOST_KEPT]
        ],
        remarks=outcome.remarks[:MOST_KEPT],
    )
