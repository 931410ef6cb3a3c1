"""Replays all reports into empty tables beside the real ones, and says in what the two differ.

The tables are a schema of their own, which is dropped again; reports, partners and the people of the desk are read
where they are. What agents decided about bank lines is a fact like a report, and is decided again at the end.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.db.models import Model, Q

from accounts.models import ContactPoint, User
from loans import models as loans
from loans.intake.deciding import book_for
from loans.intake.events.once_more import apply_message, apply_what_waited
from loans.intake.moving import read_accounts
from loans.intake.records import Code
from loans.intake.reports import replay
from loans.intake.settling import settle
from loans.intake.state import STATE
from loans.models import Installment, Loan, Payment, Report, StatementLine

SCHEMA: Final = "loans_replay"
EXAMPLES: Final = 5
_MADE: Final[tuple[type[Model], ...]] = (
    *(User, EmailAddress, ContactPoint),
    *(loans.Loan, loans.LoanWord, loans.Installment, loans.Position, loans.Payment, loans.PaymentWord),
    *(loans.PaymentPart, loans.StatementLine, loans.Statement, loans.PaymentStatus, loans.WaitingRecord),
    *(loans.Event, loans.Difference),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Rows of one table that only one of the two has: how many, and the first few. No personal data is among them."""

    name: str
    here: int
    there: int
    examples: Sequence[tuple[object, ...]]


def check_by_replay(order: Callable[[list[int]], list[int]], say: Callable[[str], None]) -> list[Difference]:
    """Replay all reports, in the order that `order` makes of their ids by arrival; returns how the states differ.

    Not to be run inside a transaction. `say` is told of the progress.
    """
    taken = Report.objects.exclude(status=Report.Status.RECEIVED).exclude(refusals__contains=[{"code": Code.SIGNATURE}])
    ids = order(list(taken.order_by("received_at", "pk").values_list("pk", flat=True)))
    decided, given_up = list(_decisions()), list(_given_up())
    with _empty_tables() as real:
        for place, pk in enumerate(ids, start=1):
            report = Report.objects.select_related("partner").get(pk=pk)
            if report.kind == Report.Kind.EVENTS:
                records = apply_message(report)
            else:
                records = sum(1 for _answer in replay(report))
            say(f"{place:,} of {len(ids):,} reports: {report.name}, {records:,} records")
        apply_what_waited()
        for decision in decided:
            _decide(decision)
        for one in given_up:
            _give_up(one)
        return list(_differences(real))


@contextmanager
def _empty_tables() -> Iterator[str]:
    """Empty tables take the place of the real ones on this connection. Yields the schema of the real ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_setting('search_path')")
        real, path = cursor.fetchone()
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            for model in _MADE:
                table = model._meta.db_table
                cursor.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE {real}.{table} INCLUDING ALL)")
            users = User._meta.db_table
            staff = f"INSERT INTO {SCHEMA}.{users} SELECT * FROM {real}.{users} WHERE is_staff"  # noqa: S608 - our names
            cursor.execute(staff)
            cursor.execute(f"SELECT COALESCE(max(id), 0) + 1 FROM {real}.{users}")  # noqa: S608 - our names
            cursor.execute(f"ALTER TABLE {SCHEMA}.{users} ALTER COLUMN id RESTART WITH {int(cursor.fetchone()[0])}")
            cursor.execute("SELECT set_config('search_path', %s, FALSE)", [f"{SCHEMA},{real}"])
            yield real
        finally:
            cursor.execute("SELECT set_config('search_path', %s, FALSE)", [path])
            cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@dataclass(frozen=True, slots=True)
class _Decision:
    """What an agent decided, by names that hold in both."""

    line: StatementLine
    bank_id: int
    loan: str | None
    number: int | None
    reference: str | None


def _decisions() -> Iterator[_Decision]:
    lines = StatementLine.objects.exclude(decided_by=None).order_by("decided_at", "pk")
    rows = lines.select_related("decided_for__loan", "payment", "report").defer("report__content")
    for line in rows:
        installment, payment = line.decided_for, line.payment
        yield _Decision(
            line,
            line.report.partner_id,
            installment.loan.external_id if installment else None,
            installment.number if installment else None,
            payment.end_to_end_id if payment and payment.end_to_end_id else None,
        )


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """What agents no longer wait for of one loan: when, by numbers of installments and references of payments."""

    bank_id: int
    loan: str
    installments: Mapping[int, datetime]
    payments: Mapping[str, datetime]


def _given_up() -> Iterator[_GivenUp]:
    waited = Installment.objects.exclude(asked_again_at=None).select_related("loan").order_by("loan", "number")
    for loan, rows in groupby(waited, key=lambda row: row.loan):
        payments = Payment.objects.filter(loan=loan).exclude(given_up_at=None)
        yield _GivenUp(
            loan.bank_id,
            loan.external_id,
            {row.number: row.asked_again_at for row in rows if row.asked_again_at},
            {row.end_to_end_id: row.given_up_at for row in payments if row.given_up_at},
        )


@transaction.atomic
def _give_up(said: _GivenUp) -> None:
    loan = Loan.objects.get(bank=said.bank_id, external_id=said.loan)
    touched = set()
    for row in loan.installments.filter(number__in=said.installments):
        row.asked_again_at = said.installments[row.number]
        row.save(update_fields=["asked_again_at"])
        touched.add(row.pk)
    for payment in loan.payments.filter(end_to_end_id__in=said.payments):
        payment.given_up_at = said.payments[payment.end_to_end_id]
        payment.save(update_fields=["given_up_at"])
    settle(read_accounts({loan.pk}, None), touched)


@transaction.atomic
def _decide(decision: _Decision) -> None:
    line = StatementLine.objects.select_related("report").get(fingerprint=decision.line.fingerprint)
    said = decision.line
    line.decided_by_id, line.decided_at, line.match, line.why = (
        said.decided_by_id,
        said.decided_at,
        said.match,
        said.why,
    )
    installment = None
    if decision.loan and decision.number:
        installment = Installment.objects.get(
            loan__bank=decision.bank_id, loan__external_id=decision.loan, number=decision.number
        )
    line.decided_for = installment
    line.save(update_fields=["decided_by", "decided_at", "match", "why", "decided_for"])
    loan_id = installment.loan_id if installment else line.loan_id
    if loan_id is None:
        return
    accounts = read_accounts({loan_id, line.loan_id or loan_id}, line.report)
    if installment is None:
        settle(accounts)
        return
    told = Payment.objects.filter(Q(words__isnull=False), loan=loan_id, end_to_end_id=decision.reference or None)
    book_for(line, loan_id, told.first(), accounts, line.report.received_at)


def _differences(real: str) -> Iterator[Difference]:
    with connection.cursor() as cursor:
        for name, query in STATE.items():
            here, there = query.format(schema=real), query.format(schema=SCHEMA)
            found = []
            counts = []
            for first, second in ((here, there), (there, here)):
                cursor.execute(f"SELECT * FROM ({first}) AS one EXCEPT ALL SELECT * FROM ({second}) AS two")  # noqa: S608 - our queries
                rows = cursor.fetchall()
                counts.append(len(rows))
                found += rows[:EXAMPLES]
            if any(counts):
                yield Difference(name, counts[0], counts[1], found)
