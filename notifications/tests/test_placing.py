"""What is read in the portal goes from planned to sent in one step, once, with its facts and its event."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from loans.models import Installment
from notifications import placing
from notifications.models import Delivery, NoticeEvent
from notifications.placing import place
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery

pytestmark = pytest.mark.django_db

IN_APP = Delivery.Channel.IN_APP


def place_now() -> int:
    return place(clock=lambda: NOON, longest=60)


def test_what_is_placed_has_its_facts_its_wording_and_its_event() -> None:
    delivery = make_delivery(channel=IN_APP)
    assert place_now() == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.sent_at, delivery.attempts) == (Status.SENT, NOON, 1)
    assert (delivery.facts or {})["amount"] == "100.000"
    assert delivery.wording
    event = NoticeEvent.objects.get()
    assert (event.kind, event.delivery_id, event.borrower_id) == ("sent", delivery.pk, delivery.prompt.borrower_id)


def test_what_is_paid_or_not_due_yet_or_on_another_channel_is_left_alone() -> None:
    paid, later = make_delivery(channel=IN_APP), make_delivery(channel=IN_APP)
    Installment.objects.filter(prompts=paid.prompt).update(state="settled", paid=100, outstanding=0)
    Delivery.objects.filter(pk=later.pk).update(next_attempt_at=NOON + timedelta(seconds=1))
    make_delivery(channel=Delivery.Channel.EMAIL)
    assert place_now() == 0
    assert set(Delivery.objects.values_list("status", flat=True)) == {Status.QUEUED}


def test_one_that_cannot_be_worded_fails_alone() -> None:
    broken, good = make_delivery(channel=IN_APP), make_delivery(channel=IN_APP)
    Installment.objects.filter(prompts=broken.prompt).update(outstanding="0.001", total="0.001")
    assert place_now() == 2
    assert dict(Delivery.objects.values_list("pk", "status")) == {broken.pk: Status.FAILED, good.pk: Status.SENT}
    assert sorted(NoticeEvent.objects.values_list("kind", flat=True)) == ["failed", "sent"]
    broken.refresh_from_db()
    assert broken.handed_at is None


def test_many_cost_as_many_statements_as_one(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(6):
        make_delivery(channel=IN_APP)
    with django_assert_max_num_queries(18):
        assert place_now() == 6


@pytest.mark.django_db(transaction=True)
def test_two_workers_place_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "AT_ONCE", 3)
    monkeypatch.setattr(placing, "FIRST", 3)
    for _ in range(20):
        make_delivery(channel=IN_APP)

    def work(_worker: int) -> int:
        try:
            return place_now()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        placed = list(workers.map(work, range(2)))
    assert sum(placed) == 20
    assert set(Delivery.objects.values_list("status", "attempts")) == {(Status.SENT, 1)}
    assert NoticeEvent.objects.filter(kind="sent").count() == 20
