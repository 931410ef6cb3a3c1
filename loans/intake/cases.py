"""The loans that a set of records is about: found and locked, or made with their borrowers, as sets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from accounts.people import Named, NotABorrowerError, Taken, take_borrowers
from loans.intake.news import News, RefusedError
from loans.intake.records import BorrowerRecord, Code, LoanRecord
from loans.models import Installment, Loan, Partner, Report


@dataclass(slots=True, eq=False)
class Case:
    """One record on its way in: the loan that it is about, its installments by number, and what it changed.

    `report` is the one that says so.
    """

    record: LoanRecord
    loan: Loan
    new: bool
    news: News
    report: Report
    installments: dict[int, Installment] = field(default_factory=dict)


def open_cases(partner: Partner, records: Sequence[LoanRecord], reports: Sequence[Report]) -> list[Case | RefusedError]:
    """What `partner` reports, as a case or the refusal of each record, in order; each loan is in `records` once.

    `reports` are those that the records are from, one each.

    The loans stay locked until the transaction ends. A loan's row is the lock of all that hangs on it: whoever writes
    installments, positions or payments takes it first, in the order of the ids where there are several.
    """
    try:
        bank, platform = _sides(partner)
    except RefusedError as refusal:
        return [refusal] * len(records)
    numbers = [record.external_id for record in records]
    locked = Loan.objects.filter(bank=bank, external_id__in=numbers).order_by("pk").select_for_update(no_key=True)
    known = {loan.external_id: loan for loan in locked}
    opened: list[Case | RefusedError] = []
    for record, report in zip(records, reports, strict=True):
        loan = known.get(record.external_id)
        opened.append(_known_case(record, loan, report) if loan else _new_case(record, bank, platform, report))
    opened = _with_borrowers(opened, partner)
    _save_loans([item for item in opened if isinstance(item, Case)], partner)
    return opened


def _sides(partner: Partner) -> tuple[Partner, Partner | None]:
    """The bank and the platform of a loan that `partner` reports; the other one only where there is no choice."""
    other_kind = Partner.Kind.BANK if partner.kind == Partner.Kind.PLATFORM else Partner.Kind.PLATFORM
    others = list(Partner.objects.filter(kind=other_kind)[:2])
    only = others[0] if len(others) == 1 else None
    if partner.kind == Partner.Kind.BANK:
        return partner, only
    if only is None:
        raise RefusedError("the loan's bank is not known: the bank has to report it first", Code.MISSING)
    return only, partner


def _known_case(record: LoanRecord, loan: Loan, report: Report) -> Case | RefusedError:
    partner = report.partner
    if loan.currency != record.currency:
        reason = f"loan {loan.external_id} is in {loan.currency}, this record says {record.currency}"
        return RefusedError(reason, Code.CURRENCY)
    if partner.kind == Partner.Kind.PLATFORM and loan.platform_id not in {None, partner.pk}:
        return RefusedError(f"loan {loan.external_id} was sold by another platform", Code.NOT_YOUR_LOAN)
    return Case(record, loan, new=False, news=News(remarks=list(record.remarks)), report=report)


def _new_case(record: LoanRecord, bank: Partner, platform: Partner | None, report: Report) -> Case | RefusedError:
    if record.borrower is None:
        return RefusedError(f"loan {record.external_id} is new and names no borrower", Code.MISSING)
    loan = Loan(
        bank=bank,
        external_id=record.external_id,
        platform=platform,
        product=(record.product or "")[:120],
        currency=record.currency,
        principal=record.principal,
        disbursed_on=record.disbursed_on,
    )
    return Case(record, loan, new=True, news=News(remarks=list(record.remarks)), report=report)


def _with_borrowers(opened: list[Case | RefusedError], partner: Partner) -> list[Case | RefusedError]:
    """A new loan gets its borrower. A corrected phone or email comes with the bank's next file; the person stays."""
    named = {
        place: _named(item, item.record.borrower)
        for place, item in enumerate(opened)
        if isinstance(item, Case) and item.record.borrower and (item.new or partner.pk == item.loan.bank_id)
    }
    answers = dict(zip(named, take_borrowers(list(named.values())), strict=True))
    return [_answered(item, answers.get(place)) for place, item in enumerate(opened)]


def _named(case: Case, told: BorrowerRecord) -> Named:
    return Named(
        external_id=told.external_id,
        name=told.name,
        phone=told.phone,
        email=told.email,
        locale=told.locale,
        time_zone=told.time_zone,
        user_id=None if case.new else case.loan.borrower_id,
    )


def _answered(item: Case | RefusedError, answer: Taken | NotABorrowerError | None) -> Case | RefusedError:
    if isinstance(item, RefusedError) or answer is None:
        return item
    if isinstance(answer, NotABorrowerError):
        return RefusedError(str(answer), Code.VALUE)
    item.news.remarks += answer.remarks
    if item.new:
        item.loan.borrower = answer.user
    return item


def _save_loans(cases: list[Case], partner: Partner) -> None:
    """The new ones, in the order of their numbers: two intakes then cannot wait for each other."""
    new = [case.loan for case in cases if case.new]
    Loan.objects.bulk_create(sorted(new, key=lambda loan: loan.external_id))
    if partner.kind == Partner.Kind.PLATFORM:
        unclaimed = [case.loan.pk for case in cases if case.loan.platform_id is None]
        Loan.objects.filter(pk__in=unclaimed).update(platform=partner)
