"""What an evidence pack says of payments: for which installments they were, and whether they went back."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from loans.models import Loan, Payment, PaymentPart, PaymentWord, Report
from loans.tests.factories import make_bank, make_installment
from loans.tests.returns import booked, returned, send
from notifications.models import Delivery
from notifications.tests.cases import Told, pay
from notifications.tests.factories import NOON, make_delivery, make_prompt
from notifications.tests.packs import files_of, read

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def story_of(case: Told, **about: int) -> list[str]:
    """What the README says that happened with payments."""
    readme = files_of(case, **about)["README.txt"].decode()
    return [line.rpartition("  [payments.json")[0] for line in readme.splitlines() if "[payments.json" in line]


def test_a_payment_that_went_back_is_not_only_said_to_be_booked(case: Told) -> None:
    changes = {"status": "returned", "settled_at": NOON + DAY, "returned_at": NOON + 3 * DAY, "return_reason": "AM04"}
    Payment.objects.filter(pk=pay(case).pk).update(**changes)
    assert story_of(case) == [
        "2026-11-22 12:00:20  Lantern Mall has seen a payment of ¥100.00",
        "2026-11-23 12:00:00  Harbour Bank has booked a payment of ¥100.00",
        "2026-11-25 12:00:00  the payment of ¥100.00 went back · AM04: there was not enough money on the account",
    ]
    [packed] = read(files_of(case), "payments.json")
    assert (packed["status"], packed["returned_at"]) == ("returned", "2026-11-25T04:00:00+00:00")
    assert (packed["return_reason"], packed["given_up_at"], packed["laid"]) == ("AM04", None, [])


def test_a_payment_that_its_platform_took_back_went_back_when_it_said_so(case: Told) -> None:
    payment = pay(case)
    Payment.objects.filter(pk=payment.pk).update(status="returned")
    said = {"payment": payment, "partner": case.loan.platform, "amount": 100, "paid_on": payment.paid_on}
    PaymentWord.objects.create(
        **said,
        reversed=True,
        reversed_at=NOON + DAY,
        as_of=NOON,
        named_at=NOON,
        report=Report.objects.order_by("pk")[0],
    )
    assert story_of(case)[1:] == ["2026-11-23 12:00:00  the payment of ¥100.00 went back"]


def test_a_payment_that_an_agent_gave_up_is_said_to_be_waited_for_no_longer(case: Told) -> None:
    Payment.objects.filter(pk=pay(case).pk).update(status="returned", given_up_at=NOON + DAY)
    assert story_of(case) == [
        "2026-11-22 12:00:20  Lantern Mall has seen a payment of ¥100.00",
        "2026-11-23 12:00:00  nobody waits any longer for Harbour Bank to show the payment of ¥100.00",
    ]


def test_a_booking_that_turned_out_to_be_anothers_is_said_to_stand_no_more(case: Told) -> None:
    changes = {"status": "returned", "received_at": None, "settled_at": NOON + DAY}
    Payment.objects.filter(pk=pay(case).pk).update(**changes)
    assert story_of(case) == [
        "2026-11-23 12:00:00  Harbour Bank has booked a payment of ¥100.00 · it does not stand any more"
    ]


def test_a_payment_for_two_installments_is_in_the_pack_of_each_with_what_went_there(case: Told) -> None:
    second = make_installment(case.loan, due_on=date(2026, 12, 25))
    third = make_installment(case.loan, due_on=date(2027, 1, 25))
    payment = pay(case)
    Payment.objects.filter(pk=payment.pk).update(amount=150)
    for installment, amount in ((case.installment, 100), (second, 50), (third, 0)):
        PaymentPart.objects.create(payment=payment, installment=installment, amount=Decimal(amount))
    told = make_delivery(
        make_prompt(case.installment, kind="payment_received", stage=0, installment_id=None, payment=payment)
    )
    shares = "¥100.00 of it for installment 1 · ¥50.00 of it for installment 2"
    for installment in (case.installment, second):
        files = files_of(case, installment_id=installment.pk)
        [packed] = read(files, "payments.json")
        assert (packed["installment"], packed["amount"]) == (1, "150.000")
        assert packed["laid"] == [{"installment": 1, "amount": "100.000"}, {"installment": 2, "amount": "50.000"}]
        assert told.pk in [one["id"] for one in read(files, "deliveries.json")]
        assert story_of(case, installment_id=installment.pk) == [
            f"2026-11-22 12:00:20  Lantern Mall has seen a payment of ¥150.00 · {shares}"
        ]
    assert read(files_of(case, installment_id=third.pk), "payments.json") == []


def test_a_payment_for_two_installments_that_went_back_is_in_the_pack_of_each(case: Told) -> None:
    """It was told for the first alone, and the second was said to be paid by it."""
    second = make_installment(case.loan, due_on=date(2026, 12, 25))
    Payment.objects.filter(pk=(payment := pay(case)).pk).update(amount=150, end_to_end_id="E2E-1")
    Loan.objects.filter(pk=case.loan.pk).update(bank=make_bank())
    send(booked("E2E-1", amount="150.00"))
    send(returned("E2E-1", amount="150.00"), number=2)
    told = Delivery.objects.filter(prompt__payment=payment, prompt__kind="payment_returned")
    assert told.exists()
    for installment in (case.installment, second):
        files = files_of(case, installment_id=installment.pk)
        [packed] = read(files, "payments.json")
        assert (packed["status"], packed["laid"], packed["was_for"]) == ("returned", [], [1, 2])
        packed_ids = {one["id"] for one in read(files, "deliveries.json")}
        assert packed_ids >= set(told.values_list("pk", flat=True))
        assert "it was for installment 1 · it was for installment 2" in story_of(case, installment_id=installment.pk)[0]
