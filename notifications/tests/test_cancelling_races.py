"""What is told together is taken back while somebody else lets another of it lead, on real connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from loans.models import Installment
from notifications.cancellation import cancel, cancel_settled
from notifications.firm_told import go_apart
from notifications.models import Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.bundles import make_pair
from notifications.tests.factories import NOON, clock
from notifications.tests.peers import wait_until

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        [(waiting,)] = cursor.fetchall()
    return bool(waiting)


def test_one_that_leads_by_now_is_taken_back_with_its_message() -> None:
    make_pair()
    plan_upcoming(clock())
    first, second = Prompt.objects.order_by("pk")
    assert second.told_with == first
    row_id = second.installment_id or 0
    Installment.objects.filter(pk=row_id).update(state="settled", paid=250, outstanding=0)

    def take_back() -> int:
        try:
            return cancel_settled([row_id], now=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            rows = list(Prompt.objects.bundles([first.pk]).order_by("pk").select_for_update(of=("self",), no_key=True))
            taking_back = pool.submit(take_back)
            wait_until("it waits for our lock", somebody_waits)
            go_apart(rows, {first.pk}, reason="told by a firm", now=NOON)
            Prompt.objects.filter(pk=first.pk).update(status=Prompt.Status.FIRM_TOLD)
        assert taking_back.result(timeout=10) == 1
    by_now = Prompt.objects.get(pk=second.pk)
    assert (by_now.told_with_id, by_now.status, by_now.voided_at) == (None, Prompt.Status.CANCELLED, NOON)
    assert set(Delivery.objects.filter(prompt=second).values_list("status", flat=True)) == {"cancelled"}


def test_of_nothing_nothing_is_taken_back() -> None:
    assert cancel(Prompt.objects.none(), reason="disputed", now=NOON) == 0
