"""Loans of a partner's file, applied."""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.dispatch import Signal

from loans import signals
from loans.intake.reports import UnknownPartnerError, receive
from loans.models import Installment, Loan, Partner, Payment, Position, Report, WaitingRecord
from loans.tests.factories import make_bank, make_platform

pytestmark = pytest.mark.django_db
State = Installment.State


def period(number: int, due: list[int], *, paid: int = 0, total: int = 100) -> dict[str, Any]:
    return {
        "period": number,
        "dueDate": due,
        "principalDue": total,
        "principalPaid": paid,
        "principalOutstanding": total - paid,
        "totalDueForPeriod": total,
        "totalPaidForPeriod": paid,
        "totalOutstandingForPeriod": total - paid,
    }


LOAN: dict[str, Any] = {
    "externalId": "LN-17",
    "currency": {"code": "CNY"},
    "principal": 300,
    "loanProductName": "Phone plan",
    "client": {
        "externalId": "C-9",
        "displayName": "Chen Yu",
        "mobileNo": "13800138000",
        "emailAddress": "chen@example.test",
        "preferredLocale": "zh-hans",
        "timeZone": "Asia/Shanghai",
    },
    "repaymentSchedule": {"periods": [period(1, [2026, 11, 3]), period(2, [2026, 12, 3]), period(3, [2027, 1, 3])]},
}


def loan(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(LOAN), **changes}


def paid_loan(number: int, amount: int = 100, **changes: Any) -> dict[str, Any]:
    made = loan(**changes)
    periods = made["repaymentSchedule"]["periods"]
    periods[number - 1] = period(number, periods[number - 1]["dueDate"], paid=amount)
    return made


def send(partner: Partner, *loans: dict[str, Any]) -> Any:
    return receive(partner.code, Report.Kind.LOANS, "loans.json", json.dumps(list(loans)).encode())


def states() -> list[str]:
    return list(Installment.objects.order_by("number").values_list("state", flat=True))


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def platform() -> Partner:
    return make_platform()


@pytest.fixture
def heard() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The signals that were sent, by name."""
    calls: list[tuple[str, dict[str, Any]]] = []
    names = {signal: name for name, signal in vars(signals).items() if isinstance(signal, Signal)}

    def note(signal: Signal, sender: object, **arguments: Any) -> None:
        calls.append((names[signal], arguments))

    for signal in names:
        signal.connect(note)
    yield calls
    for signal in names:
        signal.disconnect(note)


def test_a_loan_comes_with_its_schedule_borrower_and_the_banks_position(bank: Partner, platform: Partner) -> None:
    outcome = send(bank, loan())
    assert (outcome.applied, outcome.refusals) == (1, [])
    made = Loan.objects.get()
    assert (made.bank, made.platform, made.borrower.name, made.borrower.phone) == (
        bank,
        platform,
        "Chen Yu",
        "+8613800138000",
    )
    first = made.installments.get(number=1)
    assert (first.total, first.outstanding, first.payment_reference) == (Decimal(100), Decimal(100), "LN-17-1")
    assert Position.objects.filter(partner=bank, status="due").count() == 3
    assert set(made.borrower.contact_points.values_list("kind", "address")) == {
        ("phone", "+8613800138000"),
        ("email", "chen@example.test"),
    }


def test_the_same_bytes_again_change_nothing_and_say_so(bank: Partner, heard: list[tuple[str, Any]]) -> None:
    send(bank, loan())
    heard.clear()
    outcome = send(bank, loan())
    assert outcome.duplicate
    assert Report.objects.count() == 1
    assert heard == []


def test_the_same_loan_in_another_file_changes_nothing(bank: Partner, heard: list[tuple[str, Any]]) -> None:
    send(bank, loan())
    heard.clear()
    outcome = send(bank, loan(accountNo="other bytes"))
    assert (outcome.applied, outcome.unchanged) == (0, 1)
    assert heard == []
    assert Loan.objects.get().schedule_version == 1


def test_what_the_bank_shows_as_paid_is_settled(bank: Partner) -> None:
    send(bank, loan())
    send(bank, paid_loan(1))
    first = Installment.objects.get(number=1)
    assert (first.state, first.paid, first.outstanding) == ("settled", Decimal(100), Decimal(0))


def test_what_only_the_platform_shows_as_paid_awaits_the_bank(bank: Partner, platform: Partner) -> None:
    send(bank, loan())
    send(platform, paid_loan(1))
    assert states() == [State.AWAITING_BANK, State.OPEN, State.OPEN]
    assert Installment.objects.get(number=1).outstanding == 100
    send(bank, paid_loan(1, principal=301))
    assert states() == [State.SETTLED, State.OPEN, State.OPEN]


def test_the_order_in_which_the_two_firms_speak_does_not_matter(bank: Partner, platform: Partner) -> None:
    send(platform, paid_loan(1))
    assert states() == [State.AWAITING_BANK, State.OPEN, State.OPEN]
    send(bank, loan())
    assert states() == [State.AWAITING_BANK, State.OPEN, State.OPEN]


def test_a_payment_that_the_platform_saw_is_kept_and_told_once(
    bank: Partner, platform: Partner, heard: list[tuple[str, Any]]
) -> None:
    send(bank, loan())
    seen = {"type": {"repayment": True}, "externalId": "E2E-1", "date": [2026, 11, 2], "amount": 100}
    send(platform, paid_loan(1, transactions=[seen]))
    payment = Payment.objects.get()
    assert (payment.status, payment.installment, payment.amount) == (
        "received",
        Installment.objects.get(number=1),
        Decimal(100),
    )
    send(platform, paid_loan(1, transactions=[seen], principal=302))
    assert [name for name, _ in heard].count("payments_received") == 1


def test_a_payment_is_booked_when_the_bank_shows_its_installment_as_paid(
    bank: Partner, platform: Partner, heard: list[tuple[str, Any]]
) -> None:
    send(bank, loan())
    seen = {"type": {"repayment": True}, "externalId": "E2E-1", "date": [2026, 11, 2], "amount": 100}
    send(platform, paid_loan(1, transactions=[seen]))
    send(bank, paid_loan(1))
    assert Payment.objects.get().status == Payment.Status.SETTLED
    assert ("payments_settled", {"payment_ids": [Payment.objects.get().pk]}) in heard


def test_a_changed_due_date_raises_the_version_of_that_installment_alone(bank: Partner) -> None:
    send(bank, loan())
    moved = loan()
    moved["repaymentSchedule"]["periods"][1] = period(2, [2026, 12, 20])
    send(bank, moved)
    assert list(Installment.objects.order_by("number").values_list("version", flat=True)) == [1, 2, 1]
    assert Loan.objects.get().schedule_version == 2


@pytest.mark.parametrize(
    ("paid", "state", "version"), [(0, State.OPEN, 2), (40, State.OPEN, 2), (100, State.SETTLED, 1)]
)
def test_what_was_paid_is_owed_anew_where_the_record_that_takes_it_back_splits_the_sum_otherwise(
    bank: Partner, paid: int, state: str, version: int
) -> None:
    """Who undoes an early payment reckons its interest anew. Under the old version nobody would be told."""
    send(bank, paid_loan(2))
    again = paid_loan(2, amount=paid)
    again["repaymentSchedule"]["periods"][1] |= {
        "principalDue": 88, "principalPaid": min(paid, 88), "principalOutstanding": 88 - min(paid, 88),
        "interestDue": 12, "interestPaid": max(paid - 88, 0), "interestOutstanding": 12 - max(paid - 88, 0),
    }  # fmt: skip
    send(bank, again)
    row = Installment.objects.get(number=2)
    assert (row.state, row.version, row.paid, row.interest) == (state, version, Decimal(paid), Decimal(12))
    assert row.known_at == (Report.objects.latest("pk") if version == 2 else Report.objects.earliest("pk")).received_at


def test_a_period_that_is_gone_is_withdrawn_and_may_come_back(bank: Partner) -> None:
    send(bank, loan())
    shorter = loan()
    shorter["repaymentSchedule"]["periods"].pop()
    send(bank, shorter)
    assert states() == [State.OPEN, State.OPEN, State.WITHDRAWN]
    send(bank, loan(principal=303))
    assert states() == [State.OPEN, State.OPEN, State.OPEN]


def test_good_loans_of_a_mixed_file_are_applied_and_bad_ones_named(bank: Partner) -> None:
    bad = loan(externalId="LN-18")
    bad["repaymentSchedule"]["periods"][0]["totalOutstandingForPeriod"] = 99
    outcome = send(bank, loan(), bad)
    assert outcome.applied == 1
    (refusal,) = outcome.refusals
    assert "LN-18" in refusal.place
    report = Report.objects.get()
    assert (report.status, report.refusals[0]["place"]) == (Report.Status.PARTLY, refusal.place)


def test_a_file_that_cannot_be_read_is_kept(bank: Partner) -> None:
    outcome = receive(bank.code, Report.Kind.LOANS, "loans.json", b'{"externalId": ')
    assert outcome.refusals
    report = Report.objects.get()
    assert (report.status, bytes(report.content)) == (Report.Status.REFUSED, b'{"externalId": ')


def test_a_loan_in_another_currency_than_before_is_refused(bank: Partner) -> None:
    send(bank, loan())
    outcome = send(bank, loan(currency={"code": "USD"}))
    assert "CNY" in outcome.refusals[0].reason
    assert Loan.objects.get().currency == "CNY"


def test_a_new_loan_without_a_borrower_waits_until_a_record_names_one(bank: Partner, platform: Partner) -> None:
    nameless = paid_loan(1)
    del nameless["client"]
    outcome = send(bank, nameless)
    assert (outcome.waiting, outcome.applied, outcome.refusals) == (1, 0, [])
    assert "names no borrower" in outcome.remarks[0]
    assert not Loan.objects.exists()
    send(platform, loan())
    assert states() == [State.SETTLED, State.OPEN, State.OPEN]
    assert not WaitingRecord.objects.exists()


def test_partial_payments_leave_the_rest_owed(bank: Partner) -> None:
    send(bank, paid_loan(1, amount=40))
    first = Installment.objects.get(number=1)
    assert (first.state, first.paid, first.outstanding) == (State.OPEN, Decimal(40), Decimal(60))


def test_an_unknown_partner_is_named_with_the_way_out() -> None:
    with pytest.raises(UnknownPartnerError, match="add_partner"):
        receive("nobody", Report.Kind.LOANS, "x", b"[]")


def test_the_raw_bytes_of_a_report_never_change(bank: Partner) -> None:
    send(bank, loan())
    with pytest.raises(DatabaseError), transaction.atomic():
        Report.objects.update(content=b"")
    with pytest.raises(DatabaseError), transaction.atomic():
        Report.objects.all().delete()
