"""An address is called dead while its owner proves it, on real connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.contact_points import confirm_contact_point
from accounts.models import ContactPoint
from notifications.models import Delivery
from notifications.tests.cases import bounce
from notifications.tests.factories import NOON, hear, make_delivery
from notifications.tests.peers import wait_until
from notifications.tests.test_cancelling_races import somebody_waits

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)


def test_a_proof_that_is_under_way_counts() -> None:
    mail = make_delivery(channel=Delivery.Channel.EMAIL, status="sent", sent_at=NOON, handed_at=NOON)
    point = ContactPoint.objects.get(deliveries=mail)

    def blame() -> int:
        try:
            return hear("smtp", bounce(mail), now=NOON + 2 * HOUR)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            confirm_contact_point(user=point.user, kind=point.kind, address=point.address, now=NOON + HOUR)
            blaming = pool.submit(blame)
            wait_until("it waits for our lock", somebody_waits)
        assert blaming.result(timeout=10) == 1
    assert Delivery.objects.get(pk=mail.pk).status == "failed"
    assert ContactPoint.objects.get(pk=point.pk).unreachable_since is None
