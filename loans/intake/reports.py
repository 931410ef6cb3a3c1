"""Receives a partner's file: the raw bytes are kept first, then its records are applied in chunks."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from django.utils import timezone

from loans.intake.apply_loans import apply_loans
from loans.intake.apply_statement import apply_statement
from loans.intake.chunks import Apply, Record, apply_in_chunks
from loans.intake.detached import SignatureError, signer
from loans.intake.keeping import keep, kept, own_copy
from loans.intake.news import News
from loans.intake.reading import kind_of, read_loans, read_statement
from loans.intake.records import Code, Refusal, UnreadableFile
from loans.models import FileKey, Partner, Report

MOST_KEPT: Final = 1000
"""Refusals and remarks that are kept of one file; a file with more is wrong as a whole, and its bytes are there."""


Records = Iterator[Record | Refusal]
Watch = Callable[[Records, BinaryIO], Iterable[Record | Refusal]]


@dataclass(frozen=True, slots=True)
class Way:
    """How files of one kind are read, and how their records are applied."""

    read: Callable[[BinaryIO, str], Iterator[Record | Refusal]]
    apply: Apply


WAYS: Final = {
    Report.Kind.LOANS: Way(read_loans, apply_loans),
    Report.Kind.STATEMENT: Way(read_statement, apply_statement),
}


class UnknownPartnerError(Exception):
    """No partner has this code, or several could be meant."""


@dataclass(slots=True)
class Outcome:
    """What became of a file. `duplicate`: these bytes had been applied before, and nothing was done.

    `waiting` counts records that came before what they need; `refused` counts all refusals, `refusals` and `remarks`
    hold the first MOST_KEPT.
    """

    report_id: int
    duplicate: bool = False
    applied: int = 0
    unchanged: int = 0
    unmatched: int = 0
    waiting: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def refuse(self, refusal: Refusal) -> None:
        self.refused += 1
        if len(self.refusals) < MOST_KEPT:
            self.refusals.append(refusal)

    @property
    def counts(self) -> str:
        """As commands print them; what waits is named only where something does."""
        waiting = f", waiting {self.waiting}" if self.waiting else ""
        known = f"applied {self.applied}, unchanged {self.unchanged}, unmatched {self.unmatched}{waiting}"
        return f"{known}, refused {self.refused}"

    @property
    def status(self) -> Report.Status:
        if not self.refusals:
            return Report.Status.APPLIED
        return (
            Report.Status.PARTLY
            if self.applied or self.unchanged or self.unmatched or self.waiting
            else Report.Status.REFUSED
        )


def partner_for(code: str | None, kind: str | None) -> Partner:
    """The partner of this code; without one, the only bank there is. Raises UnknownPartnerError."""
    if code:
        found = Partner.objects.filter(code=code).first()
        if found is None:
            raise UnknownPartnerError(f"No partner has the code “{code}”. `manage.py add_partner` makes one.")
        return found
    banks = list(Partner.objects.filter(kind=Partner.Kind.BANK)[:2])
    if len(banks) != 1:
        count = "no bank" if not banks else "more than one bank"
        file = f"{kind} file" if kind else "file"
        raise UnknownPartnerError(f"There is {count}: say whose {file} it is with --partner CODE.")
    return banks[0]


def receive(partner_code: str | None, kind: str, name: str, content: bytes) -> Outcome:
    """Keep a message of whose sender the caller is sure, and apply what it says; the same bytes again change nothing.

    `kind` is a Report.Kind. Raises UnknownPartnerError. A file that cannot be read is kept too: one refusal says why.
    """
    partner, file = partner_for(partner_code, kind), io.BytesIO(content)
    return _take(keep(partner, kind, name, file), name, file, _unwatched)


def _unwatched(records: Records, _content: BinaryIO) -> Records:
    return records


def receive_file(
    partner_code: str | None,
    kind: str | None,
    name: str,
    content: BinaryIO,
    *,
    signature: bytes | None = None,
    watch: Watch = _unwatched,
) -> Outcome:
    """The same for a file of any size, which must be signed where its partner has keys; see loans.intake.detached.

    `content` is read once, in pieces, whoever writes to it meanwhile. One whose signature does not hold is kept and
    refused, until the same bytes come with one that does. Without a `kind`, what is in it says its kind. `watch` sees
    the records pass, and the file that they are read from.
    """
    partner = partner_for(partner_code, kind)
    with own_copy(content) as own:
        return _receive(partner, kind or kind_of(own), name, own, signature, watch)


def _receive(
    partner: Partner, kind: str, name: str, content: BinaryIO, signature: bytes | None, watch: Watch
) -> Outcome:
    report = keep(partner, kind, name, content)
    try:
        key = signer(partner, content, signature, timezone.now())
    except SignatureError as error:
        return _unsigned(report, Refusal(name, "", str(error), Code.SIGNATURE))
    if key:
        _trust(report, key, signature)
    return _take(report, name, content, watch)


def _unsigned(report: Report, refusal: Refusal) -> Outcome:
    """What was taken in before, with a signature that held, stays as it is."""
    outcome = Outcome(report.pk)
    outcome.refuse(refusal)
    if Report.objects.filter(pk=report.pk, status=Report.Status.RECEIVED).exists():
        _summarise(report, outcome)
    return outcome


def _trust(report: Report, key: FileKey, signature: bytes | None) -> None:
    """From now on it counts as signed; one that was refused for want of a signature is received anew."""
    refused = Report.objects.filter(pk=report.pk, signed_by=None)
    unsigned = refused.filter(status=Report.Status.REFUSED, refusals__contains=[{"code": Code.SIGNATURE}])
    if unsigned.update(status=Report.Status.RECEIVED, refusals=[]):
        report.status = Report.Status.RECEIVED
    refused.update(signed_by=key, signature=signature)


def _take(report: Report, name: str, content: BinaryIO, watch: Watch) -> Outcome:
    if report.status != Report.Status.RECEIVED:
        refusals = [Refusal(**{**refusal, "file": name}) for refusal in report.refusals]
        return Outcome(report.pk, duplicate=True, refusals=refusals, refused=len(refusals))
    outcome = Outcome(report.pk)
    way = WAYS[Report.Kind(report.kind)]
    for result in apply_in_chunks(report, watch(_read(way, report, content), content), way.apply):
        _count(outcome, result)
    _summarise(report, outcome)
    return outcome


def replay(report: Report) -> Iterator[News | Refusal]:
    """Apply a report that is on record once more, telling nobody; see intake.replaying."""
    way = WAYS[Report.Kind(report.kind)]
    with kept(report) as content:
        yield from apply_in_chunks(report, _read(way, report, content), way.apply, tell=False)


def _read(way: Way, report: Report, content: BinaryIO) -> Iterator[Record | Refusal]:
    try:
        yield from way.read(content, report.name)
    except UnreadableFile as fault:
        yield fault.refusal


def _count(outcome: Outcome, result: News | Refusal) -> None:
    if isinstance(result, Refusal):
        outcome.refuse(result)
        return
    said = [*result.remarks, *result.for_desk]
    outcome.remarks += said[: max(MOST_KEPT - len(outcome.remarks), 0)]
    if not result.counted:
        return
    if result.unmatched:
        outcome.unmatched += 1
    elif result.waits_for:
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
            for item in outcome.refusals
        ],
        remarks=outcome.remarks,
    )
