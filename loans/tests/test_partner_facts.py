"""What this floor tells partners: payments and disputes, without a word of what the borrower said."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.tests.factories import make_agent
from loans import signals
from loans.disputes import decide
from loans.models import Installment, Loan, OutwardEvent, Partner, Payment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear
from loans.tests.pushing import about, make_key, push, told
from loans.tests.returns import booked, returned, send

pytestmark = pytest.mark.django_db
DUE_ON = date(2026, 11, 25)


@pytest.fixture
def heard(loan: Loan) -> Loan:
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


@pytest.mark.usefixtures("heard")
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


def last_told(partner: Partner) -> list[str]:
    return list(OutwardEvent.objects.of(partner.pk).order_by("pk").values_list("kind", flat=True))


def test_a_payment_that_goes_back_a_second_time_is_told_to_both_firms() -> None:
    bank, platform = make_bank(), make_platform()
    make_installment(make_loan(external_id="LN-20417", bank=bank, platform=platform), due_on=DUE_ON)
    hear(bank)
    hear(platform, "https://lantern.example/hook")
    secret = make_key(platform)
    told("lantern", secret, about("payment.received", payment="E2E-1", amount="100.00", paid_on="2026-11-21"))
    told("lantern", secret, about("payment.returned", payment="E2E-1"))
    send(booked("E2E-1"))
    send(returned("E2E-1"), number=2)
    for partner in (bank, platform):
        assert last_told(partner) == ["payment.returned", "payment.settled", "payment.returned"]


def test_what_went_back_and_came_at_once_is_told_as_what_it_is() -> None:
    platform, bank = make_platform(), make_bank()
    make_installment(make_loan(external_id="LN-20417", bank=bank, platform=platform), due_on=DUE_ON)
    hear(bank)
    of_platform, of_bank = make_key(platform), make_key(bank)
    said = {"payment": "E2E-1", "amount": "100.00", "paid_on": "2026-11-21"}
    told("lantern", of_platform, about("payment.received", **said))
    push("lantern", of_platform, about("payment.returned", payment="E2E-1"))
    told("harbour", of_bank, about("payment.settled", **said))
    assert Payment.objects.get().status == "settled"
    assert last_told(bank) == ["payment.settled"]


def test_a_dispute_is_told_when_it_is_opened_and_decided_without_what_was_said(heard: Loan) -> None:
    dispute = make_dispute(heard, words="I never saw this, call me on +8613800138000")
    decide(dispute=dispute, agent=make_agent(), decision="upheld", words="You are right.", now=timezone.now())
    opened, decided = OutwardEvent.objects.order_by("pk")
    assert (opened.kind, decided.kind) == ("dispute.opened", "dispute.decided")
    assert opened.data["dispute"] == decided.data["dispute"] == dispute.receipt_number
    assert decided.data["decision"] == "upheld"
    said = json.dumps([opened.data, decided.data])
    for secret in ("never saw", "You are right", "13800138000", str(heard.borrower.name), str(heard.borrower.email)):
        assert not secret or secret not in said
