"""Keeps what statements say of themselves, and remarks what does not fit: a balance, a number, a repetition."""

from collections.abc import Sequence
from typing import Final

from loans.intake.news import News
from loans.intake.statement_records import StatementRecord
from loans.models import Report, Statement

_FIGURES: Final = ("opening", "closing", "booked", "entries")


def keep_statements(report: Report, records: Sequence[StatementRecord]) -> list[News]:
    """Write a row a statement; one answer a record, in order, with remarks. Run it in the transaction of the entries.

    Entries that are sound are applied whatever the balances say: the money moved, and a borrower who paid must not wait
    for the bank to mend a sum. The row stands as unbalanced until somebody has looked.
    """
    written = [(_keep(report, record), record) for record in records]
    years = [row.year for row, _record in written if row.repeats_id is None and row.number is not None]
    gaps = (
        set(Statement.objects.gaps(min(years) - 1).filter(report=report).values_list("pk", flat=True)) if years else ()
    )
    return [News(remarks=_remarks(row, record, gap=row.pk in gaps), counted=False) for row, record in written]


def _keep(report: Report, record: StatementRecord) -> Statement:
    row = _row(report, record)
    if row.number is not None:
        row.repeats = Statement.objects.filter(
            year=row.year,
            partner=row.partner_id,
            account=row.account,
            series=row.series,
            number=row.number,
            page=row.page,
            repeats=None,
        ).first()
    known = Statement.objects.filter(report=report, place=row.place).first()
    if known:
        return known
    row.save()
    return row


def _row(report: Report, record: StatementRecord) -> Statement:
    return Statement(
        report=report,
        partner=report.partner,
        place=record.place[:120],
        series=record.series,
        account=record.account or "",
        identification=record.identification or "",
        year=(record.last_on or report.received_at.date()).year,
        number=record.number,
        page=record.page,
        first_on=record.first_on,
        last_on=record.last_on,
        currency=record.currency or "",
        opening=record.opening,
        closing=record.closing,
        booked=record.booked,
        difference=record.difference,
        entries=record.entries,
        refused=record.refused,
    )


def _remarks(row: Statement, record: StatementRecord, *, gap: bool) -> list[str]:
    said = list(record.remarks)
    if gap:
        said.append("at least one statement before this one has not come")
    if row.repeats:
        same = all(getattr(row, name) == getattr(row.repeats, name) for name in _FIGURES)
        figures = "the same figures" if same else "other figures"
        said.append(f"came before with {figures}, in report {row.repeats.report_id}")
    return [f"{record.place}, {row}: {remark}" for remark in said]
