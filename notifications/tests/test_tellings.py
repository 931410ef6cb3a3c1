"""What a delivery is worded from, whatever its prompt is about."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from loans.models import Installment, Partner, Payment
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment, make_loan
from notifications.claiming import Line, Statement, holding
from notifications.models import Delivery, Prompt
from notifications.tests.factories import NOON, TODAY, make_delivery, make_prompt, word_these
from notifications.wording.facts import Facts

pytestmark = pytest.mark.django_db
Kind = Prompt.Kind


def told(prompt: Prompt) -> Facts:
    email = Delivery.Channel.EMAIL
    delivery = prompt.deliveries.filter(channel=email).first() or make_delivery(prompt, email)
    [worded], faults = word_these([delivery.pk], now=NOON)
    assert faults == []
    return Facts.from_json(json.loads(worded.kept.facts))


def make_payment(row: Installment, **fields: Any) -> Payment:
    Partner.objects.filter(pk=row.loan.bank_id).update(how_to_pay="At any branch.", usual_lag_days=2)
    return Payment.objects.create(
        **{
            "loan": row.loan,
            "installment": row,
            "amount": Decimal("88.500"),
            "currency": "CNY",
            "end_to_end_id": "E2E-1",
            "status": Payment.Status.RECEIVED,
            "paid_on": TODAY - timedelta(days=1),
            "received_at": NOON,
            **fields,
        }
    )


def reads_whole_tables() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_seqscan")
        return str(cursor.fetchall()[0][0])


def test_a_payment_tells_its_own_amount_and_day_and_not_what_was_due() -> None:
    row = make_installment(due_on=TODAY)
    facts = told(make_prompt(row, kind=Kind.PAYMENT_RECEIVED, payment=make_payment(row)))
    assert (facts.amount, facts.paid_on, facts.due_on) == (Decimal("88.500"), TODAY - timedelta(days=1), None)
    assert (facts.other_firm, facts.usual_lag_days) == (row.loan.bank.name, 2)
    assert (facts.how_to_pay, facts.payment_reference) == ("", "")


def test_a_returned_payment_tells_how_to_pay_again() -> None:
    row = make_installment(due_on=TODAY, payment_reference="HB-17")
    payment = make_payment(row, status=Payment.Status.RETURNED)
    facts = told(make_prompt(row, kind=Kind.PAYMENT_RETURNED, payment=payment))
    assert (facts.how_to_pay, facts.payment_reference) == ("At any branch.", "HB-17")


def test_a_payment_of_no_installment_takes_nothing_from_that_of_its_prompt() -> None:
    row = make_installment(due_on=TODAY, payment_reference="HB-17")
    payment = make_payment(row, installment=None, status=Payment.Status.RETURNED)
    assert told(make_prompt(row, kind=Kind.PAYMENT_RETURNED, payment=payment)).payment_reference == ""


def test_a_dispute_is_told_by_its_number_and_its_day() -> None:
    dispute = make_dispute(make_loan())
    prompt = Prompt.objects.get(dispute=dispute)
    facts = told(prompt)
    assert (facts.dispute_number, facts.answer_by) == (dispute.receipt_number, dispute.answer_due_on)
    assert facts.amount is None


FORGET_SIZES = "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relkind = 'r' AND relname LIKE 'notifications%'"
"""As if nobody had counted yet: of tables known to hold a dozen rows any plan is as good as another."""


@pytest.mark.parametrize("find", [Line.ids, Line.whole])
def test_what_is_next_is_read_by_the_index_of_the_queue_and_no_table_as_a_whole(find: Callable[..., Statement]) -> None:
    make_delivery()
    with holding(), connection.cursor() as cursor:
        cursor.execute(FORGET_SIZES)
        statement, parameters = find(Line("sms"), now=NOON, limit=500)
        cursor.execute(f"EXPLAIN {statement}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        inside = reads_whole_tables()
    outside = reads_whole_tables()
    assert "delivery_claimable" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    assert (inside, outside) == ("off", "on")
