"""A booked payment that the bank takes back: the installment is open again, whatever came first."""

from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loans import signals
from loans.models import Installment, Loan, Payment, Position, Report, StatementLine
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.returns import booked, entry, returned, reversed_, send, transaction

pytestmark = pytest.mark.django_db
State = Installment.State
E2E = "E2E-1"


@pytest.fixture
def loan() -> Loan:
    return make_loan(external_id="LN-17", bank=make_bank(), platform=make_platform())


@pytest.fixture
def first(loan: Loan) -> Installment:
    return make_installment(loan, due_on=date(2026, 11, 25))


def seen(installment: Installment, amount: int = 100, end_to_end_id: str = E2E) -> Payment:
    Installment.objects.filter(pk=installment.pk).update(state=State.AWAITING_BANK)
    return Payment.objects.create(
        loan=installment.loan,
        installment=installment,
        amount=Decimal(amount),
        currency="CNY",
        end_to_end_id=end_to_end_id,
        status=Payment.Status.RECEIVED,
        paid_on=date(2026, 11, 21),
    )


def state(installment: Installment) -> tuple[str, Decimal, Decimal]:
    installment.refresh_from_db()
    return installment.state, installment.paid, installment.outstanding


OPEN = ("open", Decimal(0), Decimal(100))
PAID = ("settled", Decimal(100), Decimal(0))


@pytest.mark.parametrize("back", [returned(E2E), reversed_("B-E2E-1", end_to_end_id=E2E), reversed_("B-E2E-1")])
def test_a_return_or_reversal_reopens_the_installment_and_the_banks_position_follows(
    first: Installment, back: str
) -> None:
    payment = seen(first)
    send(booked(E2E))
    assert state(first) == PAID
    with heard(signals.payments_returned) as told, heard(signals.installments_changed) as changed:
        assert send(back, number=2).applied == 1
    assert state(first) == OPEN
    assert (first.settled_on, first.version) == (None, 2)
    payment.refresh_from_db()
    assert (payment.status, payment.returned_at is not None) == ("returned", True)
    position = first.positions.get(partner__code="harbour")
    assert (position.status, position.paid) == ("due", Decimal(0))
    assert told == [{"payment_ids": [payment.pk]}]
    assert changed == [{"installment_ids": [first.pk]}]


def test_the_reason_is_kept_with_the_payment_and_the_line(first: Installment) -> None:
    seen(first)
    send(booked(E2E))
    send(returned(E2E, reason="MD07"), number=2)
    assert Payment.objects.get().return_reason == "MD07"
    line = StatementLine.objects.get(side="debit")
    assert (line.match, line.return_reason, line.payment) == ("matched", "MD07", Payment.objects.get())


def test_a_debit_whose_transaction_code_says_unpaid_is_a_return(first: Installment) -> None:
    send(booked("LN-17-1"))
    code = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd>"
    back = entry(transaction("LN-17-1"), side="DBIT", reference="R").replace("<NtryDtls>", f"{code}<NtryDtls>")
    send(back, number=2)
    assert state(first) == OPEN


def test_every_order_of_booking_return_and_repetitions_ends_the_same(first: Installment) -> None:
    files = (booked("LN-17-1"), returned("LN-17-1"), returned("LN-17-1") + booked("LN-17-1"))
    for run, order in enumerate(permutations(files)):
        loan = make_loan(external_id=f"LN-{run + 100}", bank=make_bank())
        installment = make_installment(loan, due_on=date(2026, 11, 25))
        for place, content in enumerate(order):
            send(content.replace("LN-17-1", f"LN-{run + 100}-1"), number=run * 10 + place)
        assert state(installment) == OPEN, order
        assert Payment.objects.get(loan=loan).status == "returned"
        assert set(StatementLine.objects.filter(payment__loan=loan).values_list("match", flat=True)) == {"matched"}


def test_a_return_before_its_booking_waits_and_then_the_borrower_is_told_of_the_return_alone(
    first: Installment,
) -> None:
    assert send(returned("LN-17-1")).unmatched == 1
    assert "has not come yet" in StatementLine.objects.get().why
    with heard(signals.payments_settled) as settled, heard(signals.payments_returned) as back:
        send(booked("LN-17-1"), number=2)
    assert (settled, len(back)) == ([], 1)
    assert state(first) == OPEN
    assert not StatementLine.objects.waiting().exists()


def test_a_return_of_what_only_the_platform_saw_is_not_undone_by_the_late_booking(first: Installment) -> None:
    seen(first)
    send(returned(E2E))
    assert state(first) == OPEN
    send(booked(E2E), number=2)
    assert state(first) == OPEN
    assert set(StatementLine.objects.values_list("match", flat=True)) == {"matched"}


def test_a_return_in_the_same_file_before_its_booking_is_told_as_a_return_alone(first: Installment) -> None:
    with heard(signals.payments_settled) as settled, heard(signals.payments_returned) as back:
        send(returned("LN-17-1"), booked("LN-17-1"))
    assert (settled, len(back)) == ([], 1)
    assert state(first) == OPEN


def test_a_second_return_of_one_payment_waits_for_an_agent(first: Installment) -> None:
    send(booked("LN-17-1"))
    send(returned("LN-17-1"), number=2)
    with heard(signals.payments_returned) as back:
        assert send(returned("LN-17-1", reference="R-again"), number=3).unmatched == 1
    assert back == []
    assert "earlier line" in StatementLine.objects.waiting().get().why


def test_the_return_of_a_part_leaves_the_other_part_paid(first: Installment) -> None:
    send(booked("LN-17-1", amount="40.00"), booked("LN-17-1", amount="60.00", reference="B-2"))
    assert state(first) == PAID
    send(returned("LN-17-1", amount="60.00"), number=2)
    assert state(first) == ("open", Decimal(40), Decimal(60))
    position = first.positions.get(partner__code="harbour")
    assert (position.status, position.paid) == ("due", Decimal(40))


def test_a_return_of_another_amount_waits_for_an_agent(first: Installment) -> None:
    send(booked("LN-17-1"))
    assert send(returned("LN-17-1", amount="99.00"), number=2).unmatched == 1
    assert state(first) == PAID


@pytest.mark.parametrize(
    "more",
    [
        '<AmtDtls><InstdAmt><Amt Ccy="CNY">100.00</Amt></InstdAmt></AmtDtls>',
        '<Chrgs><Rcrd><Amt Ccy="CNY">3.50</Amt></Rcrd></Chrgs>',
        '<Chrgs><TtlChrgsAndTaxAmt Ccy="CNY">3.50</TtlChrgsAndTaxAmt></Chrgs>',
        '<Chrgs><Amt Ccy="CNY">3.50</Amt></Chrgs>',
    ],
)
def test_the_banks_charges_on_a_return_are_no_part_of_the_payment(first: Installment, more: str) -> None:
    send(booked("LN-17-1"))
    back = transaction("LN-17-1", amount="103.50", reason="AM04", more=more)
    send(entry(back, amount="103.50", side="DBIT", reference="R"), number=2)
    assert state(first) == OPEN
    assert StatementLine.objects.get(side="debit").original_amount == 100


def test_a_platform_that_called_it_paid_before_the_return_does_not_keep_it_closed(first: Installment) -> None:
    seen(first)
    report = Report.objects.create(
        partner=make_platform(), kind="loans", name="l", content=b"", digest="d", received_at=timezone.now()
    )
    Position.objects.create(
        installment=first,
        partner=make_platform(),
        status="paid",
        paid=Decimal(100),
        as_of=report.received_at,
        report=report,
    )
    send(booked(E2E))
    send(returned(E2E), number=2)
    assert state(first) == OPEN
    Position.objects.filter(partner=make_platform()).update(as_of=timezone.now())
    send(entry(transaction("LN-17-1"), amount="1.00", reference="B-9"), number=3)
    assert state(first)[0] == State.AWAITING_BANK


def test_a_batch_that_came_back_reopens_each(loan: Loan, first: Installment) -> None:
    second = make_installment(loan, due_on=date(2026, 12, 25))
    both = [transaction(f"LN-17-{number}", amount="100.00") for number in (1, 2)]
    send(entry("".join(both), amount="200.00", reference="B"))
    assert (state(first), state(second)) == (PAID, PAID)
    back = [transaction(f"LN-17-{number}", amount="100.00", reason="AC04") for number in (1, 2)]
    send(entry("".join(back), amount="200.00", side="DBIT", reference="R"), number=2)
    assert (state(first), state(second)) == (OPEN, OPEN)


@pytest.mark.parametrize(("total", "charges", "state_after"), [("197.00", "3.00", PAID), ("197.00", "", OPEN)])
def test_a_batch_that_does_not_add_up_pays_nothing_unless_charges_explain_it(
    loan: Loan, first: Installment, total: str, charges: str, state_after: tuple[str, Decimal, Decimal]
) -> None:
    make_installment(loan, due_on=date(2026, 12, 25))
    taken = f'<Chrgs><Rcrd><Amt Ccy="CNY">{charges}</Amt></Rcrd></Chrgs>' if charges else ""
    both = "".join(transaction(f"LN-17-{number}", amount="100.00") for number in (1, 2))
    send(entry(both, amount=total, reference="B").replace("<NtryDtls>", f"{taken}<NtryDtls>"))
    assert state(first) == state_after


def test_a_credit_that_comes_back_from_what_was_paid_out_is_no_payment(first: Installment) -> None:
    assert send(entry(transaction("LN-17-1", reason="AC01"), reference="R")).unmatched == 1
    assert state(first) == OPEN
    assert not Payment.objects.exists()


def test_returns_cost_the_same_statements_however_many_they_are() -> None:
    counts = []
    for size in (3, 30):
        loans = [make_loan(external_id=f"LM-{size}-{place}") for place in range(size)]
        for loan in loans:
            make_installment(loan, due_on=date(2026, 11, 25))
        names = [f"{loan.external_id}-1" for loan in loans]
        send(*(booked(name) for name in names), number=size)
        with CaptureQueriesContext(connection) as asked:
            send(*(returned(name) for name in names), number=size + 1)
        counts.append(len(asked))
    assert counts[0] == counts[1] < 72
    assert not Payment.objects.exclude(status="returned").exists()
