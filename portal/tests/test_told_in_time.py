"""Whether what was told before the due date was of the figures that hold now."""

from datetime import date, timedelta
from typing import Any

import pytest

from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.models import Delivery
from notifications.tests.factories import NOON, make_delivery, make_prompt
from portal.admin.told import read_record
from portal.tests.dispute_desk import dispute_about

pytestmark = pytest.mark.django_db
DUE = date(2026, 11, 25)


@pytest.fixture
def installment() -> Installment:
    return make_installment(make_loan(), due_on=DUE)


@pytest.mark.parametrize(
    ("change", "proved"),
    [
        ({"due_on": DUE + timedelta(days=1)}, False),
        ({"total": 101, "outstanding": 101}, False),
        ({"total": 101, "outstanding": 0, "paid": 101}, False),
        ({"total": 60, "outstanding": 60}, True),
        ({"total": 101, "waived": 1, "outstanding": 100}, True),
    ],
    ids=["another day", "more", "more, paid meanwhile", "less", "as much after a waiver"],
)
def test_another_version_is_proved_by_the_same_day_and_no_smaller_amount(
    change: dict[str, Any], proved: bool, installment: Installment
) -> None:
    make_delivery(make_prompt(installment), status=Delivery.Status.DELIVERED, sent_at=NOON)
    Installment.objects.filter(pk=installment.pk).update(version=2, **change)
    assert bool(read_record(dispute_about(installment)).proof) == proved


@pytest.mark.parametrize(("owed", "proved"), [(0, True), (60, True), (100, False)])
def test_of_one_version_what_was_left_to_pay_is_what_had_to_be_named(
    owed: int, proved: bool, installment: Installment
) -> None:
    Installment.objects.filter(pk=installment.pk).update(paid=40, outstanding=60)
    installment.refresh_from_db()
    make_delivery(make_prompt(installment), status=Delivery.Status.DELIVERED, sent_at=NOON)
    Installment.objects.filter(pk=installment.pk).update(paid=100 - owed, outstanding=owed)  # 100: it came back
    assert bool(read_record(dispute_about(installment)).proof) == proved


@pytest.mark.parametrize(
    ("change", "proved"),
    [
        ({"penalties": 5}, True),
        ({"principal": 105}, False),
        ({"penalties": 5, "version": 2}, False),
        ({"fees": 5}, True),
    ],
)
def test_what_was_charged_for_being_late_nobody_could_name_before(
    change: dict[str, Any], proved: bool, installment: Installment
) -> None:
    make_delivery(make_prompt(installment), status=Delivery.Status.DELIVERED, sent_at=NOON)
    Installment.objects.filter(pk=installment.pk).update(total=105, outstanding=105, **change)
    assert bool(read_record(dispute_about(installment)).proof) == proved
