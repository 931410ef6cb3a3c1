"""What tests of a borrower's pages share: a fixed day, a signed-in browser, and the usual things on a page."""

from datetime import date, timedelta
from typing import Any

from django.test import Client

from accounts.models import User
from loans.models import Installment, Loan, Payment
from loans.tests.factories import make_installment
from notifications.models import Delivery, Prompt
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt


def day(days: int) -> date:
    """So many days from the borrower's today."""
    return TODAY + timedelta(days=days)


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_payment(installment: Installment, status: str, *, paid_on: date, **fields: Any) -> Payment:
    """A payment of the whole installment."""
    loan = installment.loan
    fields.setdefault("amount", installment.total)
    return Payment.objects.create(
        loan=loan, installment=installment, currency=loan.currency, status=status, paid_on=paid_on, **fields
    )


def wait_for_bank(installment: Installment, *, paid_on: date) -> Payment:
    """The platform has seen the money, the bank has not."""
    installment.state = Installment.State.AWAITING_BANK
    installment.save()
    return make_payment(installment, Payment.Status.RECEIVED, paid_on=paid_on)


def make_settled(loan: Loan, *, due_on: date) -> Installment:
    installment = make_installment(loan, due_on=due_on)
    installment.state, installment.settled_on = Installment.State.SETTLED, due_on
    installment.paid, installment.outstanding = installment.total, installment.total - installment.total
    installment.save()
    return installment


def tell(installment: Installment, *channels: str, **fields: Any) -> Prompt:
    """A prompt that lies in the portal and went out on `channels`."""
    prompt = make_prompt(installment, **fields)
    for channel in (*channels, Delivery.Channel.IN_APP):
        make_delivery(prompt, channel, status=Delivery.Status.SENT, sent_at=NOON)
    return prompt
