"""Hypothesis strategies of what two firms may say of a few loans, and how it is applied."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from loans.intake.apply_loans import apply_loans
from loans.intake.apply_statement import apply_statement
from loans.intake.chunks import apply_in_chunks
from loans.intake.events.once_more import apply_message
from loans.intake.records import (
    BorrowerRecord,
    InstallmentRecord,
    LoanRecord,
    PositionRecord,
    Refusal,
    RepaymentRecord,
)
from loans.intake.statement_records import EntryRecord, Side, StatusRecord, TransactionRecord
from loans.models import Event, Partner, Report

Record = LoanRecord | EntryRecord | StatusRecord
ZERO = Decimal(0)
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
LOANS = (1, 2)
RECEIVED = START + timedelta(days=3)
amounts = st.sampled_from([Decimal(amount) for amount in (40, 40, 100, 100, 150, 150, 601, 650)])
"""Twice what a loan comes to is 600, 602 or, by some schedules, up to 720: the last two can be true of some."""
days = st.sampled_from([-3, -2, -1, 0, 1, 2, 3, 4, -48]).map(lambda day: date(2026, 12, 2) + timedelta(days=day))
paid_out = st.sampled_from([date(2026, 11, 20), date(2026, 11, 20), None, date(2026, 12, 31)])
"""A loan of which every word says the first was not paid in mid October; the last is after the first rate is due."""
hours = st.none() | st.integers(-60, 60).map(lambda hour: START + timedelta(hours=hour))


@dataclass(frozen=True)
class Message:
    """One report of a partner, as its records, or as the bytes that it pushed."""

    partner: str
    kind: str
    records: tuple[Record, ...] = ()
    pushed: bytes = b""


def borrower(loan: int) -> BorrowerRecord:
    return BorrowerRecord(f"B-{loan}", f"Lin {loan}", f"+86138000000{loan:02}", None, None, None)


@st.composite
def installments(draw: st.DrawFn, number: int) -> InstallmentRecord:
    waived = draw(st.sampled_from([ZERO, ZERO, ZERO, Decimal(20)]))
    total = draw(st.sampled_from([Decimal(100), Decimal(100), Decimal(120)]))
    paid = draw(st.sampled_from([ZERO, ZERO, Decimal(40), total - waived]))
    outstanding = total - waived - paid
    due_on = date(2026, 11, 25) + timedelta(days=5 * number + draw(st.sampled_from([0, 0, 3])))
    settled_on = draw(st.none() | days) if not outstanding else None
    hundred = Decimal(100)
    return InstallmentRecord(number, due_on, hundred, ZERO, total - hundred, ZERO, total, paid, outstanding, settled_on)


@st.composite
def positions(draw: st.DrawFn) -> PositionRecord:
    paid = draw(st.sampled_from([ZERO, Decimal(40), Decimal(100)]))
    return PositionRecord(draw(st.integers(1, 3)), paid, Decimal(100) - paid)


@st.composite
def repayments(draw: st.DrawFn, loan: int) -> RepaymentRecord:
    reference = draw(st.sampled_from([f"E-{loan}", "E-1", f"F-{loan}", f"LN-{loan}-2"]))
    number = draw(st.sampled_from([None, None, 1, 3]))
    return RepaymentRecord(reference, draw(amounts), draw(days), draw(st.sampled_from([False, False, True])), number)


@st.composite
def loan_records(draw: st.DrawFn, loan: int) -> LoanRecord:
    whole = draw(st.sampled_from([True, True, True, False]))
    numbers = sorted(draw(st.sets(st.integers(1, 3), min_size=1))) if whole else []
    return LoanRecord(
        external_id=f"LN-{loan}",
        currency="CNY",
        principal=draw(st.sampled_from([Decimal(300), Decimal(301)])),
        product=draw(st.sampled_from([None, "Phone plan"])),
        disbursed_on=draw(paid_out),
        borrower=borrower(loan) if draw(st.sampled_from([True, True, False])) else None,
        installments=tuple(draw(installments(number)) for number in numbers),
        repayments=tuple(draw(st.lists(repayments(loan), max_size=2, unique_by=lambda item: item.reference))),
        place=f"loan {loan}",
        as_of=draw(hours),
        whole=whole,
        positions=() if whole else tuple(draw(st.lists(positions(), max_size=2, unique_by=lambda item: item.number))),
    )


@st.composite
def entries(draw: st.DrawFn) -> EntryRecord:
    loan = draw(st.sampled_from([1, 1, 2]))
    names = [None, None, f"E-{loan}", "E-1", "Z-9", f"LN-{loan}-1", f"LN-{loan}-2"]
    texts = [None, f"LN-{loan}", f"LN-{loan}-1 LN-{loan}-3", "LN-1 LN-2", "rent"]
    back = draw(st.sampled_from([False, False, False, True]))
    side: Side = "debit" if back else "credit"
    day, amount = draw(days), draw(amounts)
    name, text = draw(st.sampled_from(names)), draw(st.sampled_from(texts))
    return entry(side, amount, day, name, text, f"R-{draw(st.integers(1, 6))}")


@st.composite
def statuses(draw: st.DrawFn) -> StatusRecord:
    """Of an initiated payment, mostly that it will not come."""
    name, status = draw(st.sampled_from(["E-1", "E-2", "F-1"])), draw(st.sampled_from(["RJCT", "RJCT", "ACSC"]))
    amount = draw(st.none() | amounts)
    place = f"status {draw(st.integers(1, 99))}"
    return StatusRecord(None, name, status, draw(st.sampled_from(["AM04", "MD07"])), None, amount, "CNY", place)


def period(said: InstallmentRecord) -> dict[str, Any]:
    money = {name: str(getattr(said, name)) for name in ("principal", "fees", "total", "paid", "outstanding")}
    money["waived"] = str(said.total - said.paid - said.outstanding)
    settled = {"settled_on": said.settled_on.isoformat()} if said.settled_on else {}
    return {"number": said.number, "due_on": said.due_on.isoformat(), **money, **settled}


@st.composite
def events(draw: st.DrawFn, partner: str) -> dict[str, Any]:
    """One event but for its id."""
    loan = draw(st.sampled_from(LOANS))
    about: dict[str, Any] = {"loan": f"LN-{loan}", "currency": "CNY"}
    names = ["loan.opened", "schedule.changed", "position.snapshot", "payment.returned"]
    name = draw(st.sampled_from([*names, "payment.settled" if partner == "harbour" else "payment.received"]))
    if name in {"loan.opened", "schedule.changed"}:
        numbers = sorted(draw(st.sets(st.integers(1, 3), min_size=1)))
        about["schedule"] = [period(draw(installments(number))) for number in numbers]
    if name == "loan.opened":
        about |= {"principal": draw(st.sampled_from(["300", "301"])), "borrower": {"id": f"B-{loan}", "name": "Lin"}}
        day = draw(paid_out)
        about |= {"disbursed_on": day.isoformat()} if day else {}
    if name == "position.snapshot":
        said = draw(st.lists(positions(), min_size=1, max_size=2, unique_by=lambda item: item.number))
        about["installments"] = [
            {"number": one.number, "paid": str(one.paid), "outstanding": str(one.outstanding)} for one in said
        ]
    if name.startswith("payment."):
        paid = draw(repayments(loan))
        about |= {"payment": paid.reference, "amount": str(paid.amount), "paid_on": paid.paid_on.isoformat()}
        about |= {"installment": paid.installment} if paid.installment else {}
    occurred_at = START + timedelta(hours=draw(st.integers(-60, 0)))
    return {"type": name, "occurred_at": occurred_at.isoformat(), "data": about}


@st.composite
def pushes(draw: st.DrawFn) -> Message:
    partner = draw(st.sampled_from(["harbour", "harbour", "lantern"]))
    said = draw(st.lists(events(partner), min_size=1, max_size=3))
    document = {"events": [{"id": f"e-{place}", **one} for place, one in enumerate(said)]}
    return Message(partner, Report.Kind.EVENTS, pushed=json.dumps(document).encode())


@st.composite
def messages(draw: st.DrawFn) -> Message:
    kind = draw(st.sampled_from(["entries", "entries", "statuses", "events", "events", "loans", "loans", "loans"]))
    if kind == "events":
        return draw(pushes())
    if kind == "entries":
        return Message("harbour", Report.Kind.STATEMENT, tuple(draw(st.lists(entries(), min_size=1, max_size=3))))
    if kind == "statuses":
        by_place = st.lists(statuses(), min_size=1, max_size=2, unique_by=lambda item: item.place)
        return Message(draw(st.sampled_from(["harbour", "lantern"])), Report.Kind.STATEMENT, tuple(draw(by_place)))
    loans = sorted(draw(st.sets(st.sampled_from(LOANS), min_size=1)))
    partner = draw(st.sampled_from(["harbour", "harbour", "lantern"]))
    return Message(partner, Report.Kind.LOANS, tuple(draw(loan_records(loan)) for loan in loans))


def reports_of(history: Iterable[Message]) -> list[tuple[Report, tuple[Record, ...]]]:
    """The messages as reports that were received an hour apart, each with its records."""
    partners = {partner.code: partner for partner in Partner.objects.all()}
    return [
        (
            Report.objects.create(
                partner=partners[message.partner],
                kind=message.kind,
                name=f"{place}",
                content=message.pushed,
                digest=f"{place:064}",
                message_id=f"m-{place}" if message.pushed else "",
                received_at=RECEIVED + timedelta(hours=place),
            ),
            message.records,
        )
        for place, message in enumerate(history)
    ]


def apply(report: Report, records: tuple[Record, ...]) -> None:
    if report.kind == Report.Kind.EVENTS:
        assert apply_message(report)
        assert not Event.objects.filter(status="refused").exists()
        return
    ways: dict[str, Any] = {Report.Kind.LOANS: apply_loans, Report.Kind.STATEMENT: apply_statement}
    answers = list(apply_in_chunks(report, records, ways[report.kind]))
    assert not [answer for answer in answers if isinstance(answer, Refusal)]


def entry(
    side: Side, amount: Decimal, day: date, name: str | None, text: str | None, reference: str = "R-5"
) -> EntryRecord:
    """One booked movement; a debit takes a booking back."""
    return EntryRecord(
        account="6222000011",
        amount=amount,
        currency="CNY",
        side=side,
        status="BOOK",
        booking_date=day,
        value_date=day,
        reversal=side == "debit",
        reference=reference,
        transactions=(TransactionRecord(amount, "CNY", name, None, text, side),),
        place="entry",
    )


def period_record(number: int, paid: int) -> InstallmentRecord:
    """A period of 100."""
    money, due_on = Decimal(paid), date(2026, 11, 25) + timedelta(days=5 * number)
    hundred = Decimal(100)
    return InstallmentRecord(number, due_on, hundred, ZERO, ZERO, ZERO, hundred, money, hundred - money, None)


def loan_record(
    loan: int,
    periods: Iterable[InstallmentRecord],
    *,
    as_of: datetime | None,
    repayments: tuple[RepaymentRecord, ...] = (),
) -> LoanRecord:
    return LoanRecord(
        external_id=f"LN-{loan}",
        currency="CNY",
        principal=Decimal(300),
        product=None,
        disbursed_on=None,
        borrower=borrower(loan),
        installments=tuple(periods),
        repayments=repayments,
        place=f"loan {loan}",
        as_of=as_of,
    )


def loans(record: LoanRecord, partner: str = "harbour") -> Message:
    return Message(partner, Report.Kind.LOANS, (record,))
