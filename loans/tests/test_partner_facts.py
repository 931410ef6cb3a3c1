"""What this floor tells partners: payments and disputes, without a word of what the borrower said."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.tests.factories import make_agent
from loans import signals
from loans.disputes import decide
from loans.models import Installment, Loan, OutwardEvent, Payment
from loans.tests.disputes import make_dispute
from loans.tests.outward import hear

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(loan: Loan) -> Loan:
    """A loan whose bank hears events."""
    hear(loan.bank)
    return loan


def make_payment(installment: Installment, number: int = 1) -> Payment:
    return Payment.objects.create(
        loan=installment.loan,
        installment=installment,
        amount=Decimal("12.50"),
        currency="CNY",
        end_to_end_id=f"E2E-{number}",
        status=Payment.Status.SETTLED,
        paid_on=timezone.localdate(),
        booked_on=timezone.localdate() + timedelta(days=1),
    )


@pytest.mark.usefixtures("told")
def test_payments_that_the_bank_booked_or_returned_are_told_in_one_set(installment: Installment) -> None:
    payments = [make_payment(installment, number) for number in (1, 2)]
    signals.payments_settled.send(None, payment_ids=[one.pk for one in payments])
    signals.payments_returned.send(None, payment_ids=[payments[0].pk])
    settled, _other, returned = OutwardEvent.objects.order_by("pk")
    assert (settled.kind, returned.kind) == ("payment.settled", "payment.returned")
    assert settled.data == {
        "loan": installment.loan.external_id,
        "bank": "harbour",
        "payment": payments[0].pk,
        "installment": installment.number,
        "amount": "12.500",
        "currency": "CNY",
        "end_to_end_id": "E2E-1",
        "paid_on": payments[0].paid_on.isoformat(),
        "booked_on": (payments[0].paid_on + timedelta(days=1)).isoformat(),
    }


def test_a_dispute_is_told_when_it_is_opened_and_decided_without_what_was_said(told: Loan) -> None:
    dispute = make_dispute(told, words="I never saw this, call me on +8613800138000")
    decide(dispute=dispute, agent=make_agent(), decision="upheld", words="You are right.", now=timezone.now())
    opened, decided = OutwardEvent.objects.order_by("pk")
    assert (opened.kind, decided.kind) == ("dispute.opened", "dispute.decided")
    assert opened.data["dispute"] == decided.data["dispute"] == dispute.receipt_number
    assert decided.data["decision"] == "upheld"
    said = json.dumps([opened.data, decided.data])
    for secret in ("never saw", "You are right", "13800138000", str(told.borrower.name), str(told.borrower.email)):
        assert not secret or secret not in said
