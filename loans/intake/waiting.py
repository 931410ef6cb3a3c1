"""Records that came before what they need: kept as they were read, and taken up when their loan is opened."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Q

from loans.intake.banks import banks_named
from loans.intake.cases import Case, Waits
from loans.intake.records import BorrowerRecord, InstallmentRecord, LoanRecord, PositionRecord, RepaymentRecord
from loans.models import Loan, Report, WaitingRecord

_MONEY = ("principal", "interest", "fees", "penalties", "total", "paid", "outstanding", "amount")
_DAYS = ("due_on", "settled_on", "paid_on", "disbursed_on")


def keep(early: Sequence[Case | Waits]) -> None:
    """Keep the records of these; one that is kept already stays.

    Of the records of a whole loan that is there, one a partner: a later one says all that is left of an earlier one.
    """
    numbers: dict[str | None, set[str]] = defaultdict(set)
    for item in early:
        if isinstance(item, Case) and item.record.whole:
            numbers[item.record.bank].add(item.record.external_id)
    for bank, whole in numbers.items():
        ours = WaitingRecord.objects.filter(partner=early[0].report.partner_id, external_id__in=whole)
        ours.filter(content__whole=True, content__bank=bank).delete()
    WaitingRecord.objects.bulk_create(
        [
            WaitingRecord(
                report=item.report,
                partner_id=item.report.partner_id,
                external_id=item.record.external_id,
                place=item.record.place[:160],
                content=_written(item.record),
            )
            for item in early
        ],
        ignore_conflicts=True,
    )


def take(loans: Collection[Loan]) -> Iterator[tuple[Report, list[LoanRecord]]]:
    """What waits for these loans, by report in the order of arrival; it is no longer kept."""
    ours = Q(partner__kind="platform") | Q(partner__in={loan.bank_id for loan in loans})
    waiting = WaitingRecord.objects.filter(ours, external_id__in={loan.external_id for loan in loans})
    rows = list(
        waiting.select_related("report__partner")
        .defer("report__content")
        .order_by("report__received_at", "report", "pk")
    )
    rows = _of_these_banks(rows, loans)
    if not rows:
        return
    WaitingRecord.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for report, together in groupby(rows, key=lambda row: row.report):
        yield report, [_read(row.content) for row in together]


def _of_these_banks(rows: Sequence[WaitingRecord], loans: Collection[Loan]) -> list[WaitingRecord]:
    """Without those that name another bank than that of the loan of their number."""
    banks = banks_named(row.content.get("bank") for row in rows)
    there = {(loan.external_id, loan.bank_id) for loan in loans}
    named = {row.pk: banks.get(row.content.get("bank") or "") for row in rows}
    return [row for row in rows if (bank := named[row.pk]) is None or (row.external_id, bank.pk) in there]


def _written(record: LoanRecord) -> dict[str, Any]:
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: Any) -> Any:
    """`value` as JSON holds it: amounts as text, days and moments as ISO 8601 to the microsecond."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _read(content: dict[str, Any]) -> LoanRecord:
    said = _typed(content)
    borrower = said.pop("borrower")
    as_of = said.pop("as_of")
    return LoanRecord(
        borrower=BorrowerRecord(**borrower) if borrower else None,
        installments=tuple(InstallmentRecord(**_typed(item)) for item in said.pop("installments")),
        repayments=tuple(RepaymentRecord(**_typed(item)) for item in said.pop("repayments")),
        positions=tuple(PositionRecord(**_typed(item)) for item in said.pop("positions", ())),
        remarks=tuple(said.pop("remarks")),
        as_of=datetime.fromisoformat(as_of) if as_of else None,
        **said,
    )


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    made = dict(content)
    for name in _MONEY:
        if name in made:
            made[name] = Decimal(made[name])
    for name in _DAYS:
        if made.get(name):
            made[name] = date.fromisoformat(made[name])
    return made
