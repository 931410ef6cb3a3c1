"""Applies one loan of a partner's file: the agreement, its schedule, that partner's position, the payments it saw."""

from decimal import Decimal

from accounts.models import User
from accounts.people import NotABorrowerError, find_or_create_borrower, update_borrower
from loans.intake.apply_payments import apply_repayments
from loans.intake.news import News, RefusedError
from loans.intake.records import BorrowerRecord, Code, InstallmentRecord, LoanRecord
from loans.models import Installment, Loan, Partner, Position, Report
from loans.reconciliation import book_what_the_bank_shows, settle_up

LONGEST_REFERENCE = 35


def apply_loan(report: Report, record: LoanRecord) -> News:
    """Write what this report says of one loan. Raises RefusedError; run it in a transaction of its own.

    The bank's word makes the figures; the platform's makes only its position and the payments that it saw, unless
    the bank has not spoken of the loan yet.
    """
    news = News(remarks=list(record.remarks))
    loan, new = _loan(report.partner, record, news)
    if not new and record.borrower and report.partner_id == loan.bank_id:
        news.remarks += _follow_borrower(loan, record.borrower)
    if new or report.partner_id == loan.bank_id:
        _write_schedule(loan, record, news, new=new)
    installments = {row.number: row for row in loan.installments.select_for_update(no_key=True)}
    _write_positions(report, record, installments, news)
    apply_repayments(report, loan, record, installments, news)
    ids = [row.pk for row in installments.values()]
    news.installments |= settle_up(ids)
    news.payments_settled += book_what_the_bank_shows(ids, now=report.received_at)
    return news


def _loan(partner: Partner, record: LoanRecord, news: News) -> tuple[Loan, bool]:
    bank, platform = _sides(partner)
    known = Loan.objects.select_for_update(of=("self",), no_key=True)
    loan = known.filter(bank=bank, external_id=record.external_id).first()
    if loan is None:
        loan, new = Loan.objects.get_or_create(
            bank=bank,
            external_id=record.external_id,
            defaults={
                "borrower": _borrower(record, news),
                "platform": platform,
                "product": (record.product or "")[:120],
                "currency": record.currency,
                "principal": record.principal,
                "disbursed_on": record.disbursed_on,
            },
        )
        if new:
            return loan, True
    if loan.currency != record.currency:
        reason = f"loan {loan.external_id} is in {loan.currency}, this record says {record.currency}"
        raise RefusedError(reason, Code.CURRENCY)
    if partner.kind == Partner.Kind.PLATFORM and loan.platform_id is None:
        Loan.objects.filter(pk=loan.pk, platform=None).update(platform=partner)
    elif partner.kind == Partner.Kind.PLATFORM and loan.platform_id != partner.pk:
        raise RefusedError(f"loan {loan.external_id} was sold by another platform", Code.VALUE)
    return loan, False


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


def _borrower(record: LoanRecord, news: News) -> User:
    if record.borrower is None:
        raise RefusedError(f"loan {record.external_id} is new and names no borrower", Code.MISSING)
    told = record.borrower
    try:
        user, remarks = find_or_create_borrower(
            external_id=told.external_id,
            name=told.name,
            phone=told.phone,
            email=told.email,
            locale=told.locale,
            time_zone=told.time_zone,
        )
    except NotABorrowerError as error:
        raise RefusedError(str(error), Code.VALUE) from None
    news.remarks += remarks
    return user


def _follow_borrower(loan: Loan, told: BorrowerRecord) -> list[str]:
    """A corrected phone or email arrives with the next file; the loan stays with the person that it has."""
    return update_borrower(
        loan.borrower, external_id=told.external_id, name=told.name, phone=told.phone, email=told.email
    )


def _write_schedule(loan: Loan, record: LoanRecord, news: News, *, new: bool) -> None:
    """Replace the schedule as a whole: a changed date or total raises the version, a missing number is withdrawn."""
    existing = {row.number: row for row in loan.installments.select_for_update(no_key=True)}
    made = [_new(loan, item) for item in record.installments if item.number not in existing]
    Installment.objects.bulk_create(made)
    changed = [row for item in record.installments if (row := existing.get(item.number)) and _differs(row, item)]
    figures = {item.number: item for item in record.installments}
    for row in changed:
        _rewrite(row, figures[row.number])
    Installment.objects.bulk_update(changed, [*_FIGURES, "due_on", "waived", "outstanding", "paid", "state", "version"])
    gone = [row for number, row in existing.items() if number not in figures and row.state != _WITHDRAWN]
    Installment.objects.filter(pk__in=[row.pk for row in gone]).update(state=_WITHDRAWN)
    news.installments.update(row.pk for row in [*made, *changed, *gone])
    if not new and (made or changed or gone):
        loan.schedule_version += 1
        loan.save(update_fields=["schedule_version"])


_WITHDRAWN = Installment.State.WITHDRAWN
_FIGURES = ("principal", "interest", "fees", "penalties", "total")


def _new(loan: Loan, item: InstallmentRecord) -> Installment:
    row = Installment(
        loan=loan, number=item.number, due_on=item.due_on, payment_reference=payment_reference(loan, item.number)
    )
    row.settled_on = item.settled_on
    _set_figures(row, item)
    return row


def payment_reference(loan: Loan, number: int) -> str:
    """What a payer writes so that the bank can match the money: loan number and period, at most 35 characters."""
    suffix = f"-{number}"
    return loan.external_id[: LONGEST_REFERENCE - len(suffix)] + suffix


def _differs(row: Installment, item: InstallmentRecord) -> bool:
    figures = any(getattr(row, name) != getattr(item, name) for name in _FIGURES)
    return figures or row.due_on != item.due_on or row.waived != item.waived or row.state == _WITHDRAWN


def _rewrite(row: Installment, item: InstallmentRecord) -> None:
    if row.due_on != item.due_on or row.total - row.waived != item.total - item.waived or row.state == _WITHDRAWN:
        row.version += 1
    row.due_on = item.due_on
    _set_figures(row, item)


def _set_figures(row: Installment, item: InstallmentRecord) -> None:
    """The parts and the total; paid and outstanding are derived afterwards from what both firms say."""
    for name in _FIGURES:
        setattr(row, name, getattr(item, name))
    row.waived = item.waived
    row.paid = Decimal(0)
    row.outstanding = item.total - item.waived
    row.state = Installment.State.OPEN


def _write_positions(report: Report, record: LoanRecord, installments: dict[int, Installment], news: News) -> None:
    """This partner's word on each period, unless it gave a newer one already."""
    held = {
        position.installment_id: position
        for position in Position.objects.filter(partner=report.partner, installment__in=installments.values())
    }
    written = []
    for item in record.installments:
        row = installments.get(item.number)
        if row is None:
            continue
        status = Position.Status.PAID if item.outstanding == 0 else Position.Status.DUE
        old = held.get(row.pk)
        if old and (old.as_of > report.received_at or (old.status, old.paid) == (status, item.paid)):
            continue
        written.append(
            Position(
                installment=row,
                partner=report.partner,
                status=status,
                paid=item.paid,
                as_of=report.received_at,
                report=report,
            )
        )
    Position.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["installment", "partner"],
        update_fields=["status", "paid", "as_of", "report"],
    )
    news.touched = news.touched or bool(written)
