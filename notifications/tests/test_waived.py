"""An installment that is waived or written off as a whole: whoever was told of it is told, and nobody calls it paid."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from loans import signals
from loans.models import Installment
from loans.tests.factories import make_bank, make_installment
from loans.tests.test_apply_loans import loan as reported
from loans.tests.test_apply_loans import send as report
from notifications.bundles import still_needed
from notifications.models import Delivery, Prompt
from notifications.needed import look
from notifications.tests.factories import NOON, claim, make_delivery
from notifications.tests.test_withdrawn import DUE, bring_back, news, said, told, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Installment:
    return make_installment(due_on=DUE, known_at=NOON - timedelta(days=9))


def waive(row: Installment, paid: int = 0) -> None:
    Installment.objects.filter(pk=row.pk).update(
        waived=100 - paid, paid=paid, outstanding=0, state="settled", version=row.version + 1
    )
    row.refresh_from_db()
    signals.installments_changed.send(sender=None, installment_ids=[row.pk])


def test_who_was_told_of_it_is_told_once_that_it_is_no_longer_to_be_paid(row: Installment) -> None:
    told(row)
    waive(row)
    signals.installments_changed.send(sender=None, installment_ids=[row.pk])
    [prompt] = news()
    assert (prompt.says_withdrawn, prompt.status) == (True, "active")
    assert "¥100.00 is no longer to be paid" in words_of(prompt)


def test_who_was_told_nothing_of_it_is_told_nothing(row: Installment) -> None:
    waive(row)
    assert news() == []


def test_what_was_paid_in_part_and_is_settled_is_told_by_its_payment(row: Installment) -> None:
    told(row)
    waive(row, paid=60)
    assert news() == []


def test_it_is_claimed_and_climbed_while_it_is_waived(row: Installment) -> None:
    told(row)
    waive(row)
    [prompt] = news()
    assert still_needed(Prompt.objects.select_related("installment").get(pk=prompt.pk))
    assert look([prompt.pk], now=NOON).over == set()
    Delivery.objects.filter(prompt=prompt).update(next_attempt_at=NOON)
    assert claim("email") == [prompt.deliveries.get(channel="email").pk]


def test_one_that_is_owed_again_before_it_goes_out_is_not_spoken_of(row: Installment) -> None:
    told(row)
    waive(row)
    bring_back(row, waived=0, outstanding=100)
    assert [prompt.status for prompt in news()] == ["cancelled"]


def test_one_that_is_owed_again_afterwards_is_to_be_paid_all_the_same(row: Installment) -> None:
    told(row)
    waive(row)
    said(news()[0])
    bring_back(row, waived=0, outstanding=100)
    facts = said(news()[1])
    assert (facts.withdrawn_amount, facts.previous_due_on) == (Decimal(100), DUE)


def test_a_bank_that_writes_a_period_off_has_its_borrower_told() -> None:
    bank = make_bank()
    with time_machine.travel("2026-10-30T04:00Z", tick=False):
        report(bank, reported())
        told(row := Installment.objects.get(number=1))
    written_off = reported()
    written_off["repaymentSchedule"]["periods"][0] |= {
        "principalWrittenOff": 100, "principalOutstanding": 0,
        "totalWrittenOffForPeriod": 100, "totalOutstandingForPeriod": 0,
    }  # fmt: skip
    with time_machine.travel("2026-10-31T04:00Z", tick=False):
        report(bank, written_off)
    row.refresh_from_db()
    assert (row.state, row.paid, row.waived) == ("settled", Decimal(0), Decimal(100))
    assert [prompt.says_withdrawn for prompt in news()] == [True]


def test_the_page_of_what_was_told_before_does_not_call_it_paid(row: Installment, client: Client) -> None:
    prompt = told(row).prompt
    make_delivery(prompt, "in_app", status="sent", sent_at=NOON)
    waive(row)
    client.force_login(row.loan.borrower)
    page = client.get(reverse("message", args=[prompt.pk])).content.decode()
    assert "This is no longer to be paid." in page
    assert "This is paid meanwhile" not in page
