"""Rows of the record are found by what an agent has before them, and no search reads a whole table."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import make_borrower
from loans.models import Installment, Payment
from loans.tests.disputes import write_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.models import Callback, Delivery, Prompt, Receipt
from notifications.tests.factories import make_delivery, make_prompt, make_receipt
from portal.admin import finding_rows
from portal.tests.desk import desk_of, make_superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> Client:
    return desk_of(make_superuser())


def installment_of(number: str) -> Installment:
    return make_installment(make_loan(external_id=number), due_on=date(2026, 12, 5))


def listed(page: Client, model: str, typed: str) -> set[int]:
    answer = page.get(f"/desk/{model}/", {"q": typed})
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_prompts_are_found_by_the_loan_whatever_of_it_they_are_about(page: Client) -> None:
    row, other = installment_of("LN-Hb7"), installment_of("LN-8")
    payment = Payment.objects.create(
        loan=row.loan, installment=row, amount=Decimal(5), currency="CNY", status="received", paid_on=date(2026, 11, 20)
    )
    dispute = write_dispute(row)
    type(dispute).objects.update(receipt_number="D-7K3M-92QX")
    about = [
        make_prompt(row),
        make_prompt(row, kind=Prompt.Kind.PAYMENT_RECEIVED, payment=payment),
        make_prompt(row, kind=Prompt.Kind.DISPUTE_OPENED, dispute=dispute),
    ]
    make_prompt(other)
    assert listed(page, "notifications/prompt", " ln-hb7 ") == {one.pk for one in about}
    assert listed(page, "notifications/prompt", "d 7k3m 92qx") == {about[-1].pk}
    assert listed(page, "notifications/prompt", "LN-9") == set()
    assert len(listed(page, "notifications/prompt", " ")) == 4


def test_payments_are_found_by_their_reference_however_it_is_written_or_by_the_loan(page: Client) -> None:
    row = installment_of("LN-7")
    common = {
        "loan": row.loan,
        "installment": row,
        "currency": "CNY",
        "status": "received",
        "paid_on": date(2026, 11, 20),
    }
    first = Payment.objects.create(amount=Decimal(5), end_to_end_id="E2E-AB", **common)
    second = Payment.objects.create(amount=Decimal(6), **common)
    assert listed(page, "loans/payment", "e2e-ab") == {first.pk}
    assert listed(page, "loans/payment", "LN-7") == {first.pk, second.pk}


def test_messages_and_receipts_are_found_by_the_providers_word_among_the_latest(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    old, late = make_delivery(channel="sms"), make_delivery(channel="sms")
    Delivery.objects.update(provider_reference="SBX77", status="failed")
    callback = Callback.objects.create(provider="kannel", raw=b"x", received_at=now)
    common = {"callback": callback, "channel": "sms", "provider": "kannel", "kind": "delivered", "moved": False}
    receipts = [
        Receipt.objects.create(delivery=delivery, provider_reference="SBX77", received_at=now, **common)
        for delivery in (old, None)
    ]
    assert listed(page, "notifications/delivery", "sbx77") == {old.pk, late.pk}
    assert listed(page, "notifications/receipt", "SBX77") == {one.pk for one in receipts}
    monkeypatch.setattr(finding_rows, "LATELY", 1)
    assert listed(page, "notifications/delivery", "sbx77") == {late.pk}
    assert listed(page, "notifications/receipt", "SBX77") == {receipts[-1].pk}


@pytest.mark.parametrize("typed", ["Re-47f", "re-47f", "RE-47F", " rE-47F "])
def test_a_providers_word_is_found_however_its_letters_are_typed(page: Client, typed: str) -> None:
    delivery, _other = make_delivery(), make_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(provider_reference="Re-47f")
    receipt = make_receipt(delivery, "delivered", provider_reference="Re-47f")
    make_receipt(delivery, "seen")
    assert listed(page, "notifications/delivery", typed) == {delivery.pk}
    assert listed(page, "notifications/receipt", typed) == {receipt.pk}


def test_prompts_are_found_by_a_loan_that_was_given_over_and_by_one_whose_number_reads_as_a_receipts(
    page: Client,
) -> None:
    row = installment_of("23467923")
    payment = Payment.objects.create(
        loan=row.loan, installment=row, amount=Decimal(5), currency="CNY", status="received", paid_on=date(2026, 11, 20)
    )
    about = {make_prompt(row).pk, make_prompt(row, kind=Prompt.Kind.PAYMENT_RECEIVED, payment=payment).pk}
    type(row.loan).objects.filter(pk=row.loan_id).update(borrower=make_borrower())
    assert listed(page, "notifications/prompt", "23467923") == about


def test_where_a_loan_has_more_prompts_than_are_listed_the_latest_are(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_rows, "MOST_MEANT", 2)
    row = installment_of("LN-7")
    prompts = [make_prompt(row, stage=stage).pk for stage in (7, 3, 1)]
    assert listed(page, "notifications/prompt", "LN-7") == set(prompts[1:])


def test_prompts_of_a_loan_are_read_by_its_installments_and_the_list_in_the_order_of_their_ids(page: Client) -> None:
    for number in range(3):
        make_prompt(installment_of(f"LN-{number}"))
    by_index = {"LN-1": "prompt_once_an_installment", "": "notifications_prompt_pkey"}
    for typed, index in by_index.items():
        with CaptureQueriesContext(connection) as asked:
            page.get("/desk/notifications/prompt/", {"q": typed})
        reads = [one["sql"] for one in asked if 'FROM "notifications_prompt"' in (one["sql"] or "")]
        plans = [plan_of(sql) for sql in reads]
        assert any(index in plan for plan in plans), plans
        assert not [plan for plan in plans if "Sort" in plan or "Seq Scan on notifications_prompt" in plan]


def plan_of(sql: str) -> str:
    """A few rows are always read faster one by one, and sorted sooner than looked up in order, so these are closed, and
    prompts are said to be many.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pg_class SET relpages = 1, reltuples = 1000000 WHERE relname = 'notifications_prompt'")
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())
