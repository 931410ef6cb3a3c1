"""Receipts applied as a set do what they do one by one, whatever their history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import ContactPoint
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import receipts
from notifications.models import Callback, Delivery, NoticeEvent, Receipt
from notifications.signatures import reference_of
from notifications.states import Status, Step, advance
from notifications.tests.factories import NOON, make_delivery, make_prompt

PROVIDER: Final = "aliyun"
CODES: Final = {
    "delivered": (True, "DELIVERED"),
    "failed": (False, "NO_ROUTE"),
    "dead": (False, "isv.MOBILE_NUMBER_ILLEGAL"),
    "accepted": (True, "REQUEST_SUCCESS"),
    "unknown": ("?", "?"),
}
STRANGER: Final = 4
"""A reference that nobody gave out."""


@dataclass(frozen=True)
class World:
    """Two tellings of one person, who has one phone, one of another, and that one's email, which is no SMS."""

    deliveries: list[Delivery]

    def picture(self) -> dict[str, Any]:
        """All that receipts can change, without ids."""
        ids = [one.pk for one in self.deliveries]
        told = Delivery.objects.filter(pk__in=ids)
        points = ContactPoint.objects.filter(deliveries__in=ids).distinct().order_by("pk")
        return {
            "deliveries": list(
                told.values_list("status", "reason", "provider_reference", "sent_at", "delivered_at").order_by("pk")
            ),
            "receipts": [
                list(
                    Receipt.objects.filter(delivery=pk).values_list(
                        "kind", "moved", "reason", "provider_word", "channel"
                    )
                )
                for pk in ids
            ],
            "events": [
                [
                    (event.kind, event.at, event.data["channel"], event.data["reason"])
                    for event in NoticeEvent.objects.filter(delivery_id=pk)
                ]
                for pk in ids
            ],
            "points": list(points.values_list("unreachable_since", "unreachable_reason")),
            "ladders": list(told.order_by("pk").values_list("prompt__look_again_at", flat=True)),
        }


def make_world(statuses: Sequence[str]) -> World:
    one, other = make_borrower(), make_borrower()
    deliveries = []
    for place, (borrower, channel) in enumerate([(one, "sms"), (one, "sms"), (other, "sms"), (other, "email")]):
        prompt = make_prompt(
            make_installment(make_loan(borrower), due_on=date(2026, 11, 25)), look_again_at=NOON + timedelta(hours=4)
        )
        deliveries.append(make_delivery(prompt, channel=channel, status=statuses[place]))
    return World(deliveries)


Report = tuple[int, str]
"""Which of the world's deliveries, and what is said of it."""


def raw_of(world: World, reports: Sequence[Report]) -> bytes:
    batch = []
    for number, (about, word) in enumerate(reports):
        success, code = CODES[word]
        genuine = about != STRANGER
        reference = reference_of(world.deliveries[about].pk) if genuine else reference_of(1)[:-4] + "0000"
        batch.append({"out_id": reference, "success": success, "err_code": code, "biz_id": f"B{number}"})
    return json.dumps(batch).encode()


def write_ourselves(world: World, about: int) -> None:
    """The sender records, late, that its provider took the message."""
    advance([Step(delivery_id=world.deliveries[about].pk, to=Status.SENT, provider_reference="own")], now=NOON)


REPORTS = st.lists(st.tuples(st.integers(0, STRANGER), st.sampled_from(sorted(CODES))), max_size=5)
STAGES = st.lists(st.tuples(st.lists(REPORTS, max_size=4), st.integers(0, 2)), min_size=1, max_size=3)
STATUSES = st.lists(
    st.sampled_from(["queued", "sending", "retrying", "sent", "delivered", "failed", "unconfirmed", "cancelled"]),
    min_size=4,
    max_size=4,
)


class TestHistories(TestCase):
    @settings(max_examples=150)
    @given(statuses=STATUSES, stages=STAGES, size=st.sampled_from([1, 3, receipts.SET]))
    def test_a_set_of_receipts_does_what_they_do_one_by_one(
        self, statuses: list[str], stages: list[tuple[list[list[Report]], int]], size: int
    ) -> None:
        together, alone = make_world(statuses), make_world(statuses)
        for calls, ours in stages:
            for reports in calls:
                receipts.store(provider=PROVIDER, raw=raw_of(together, reports), now=NOON)
            with patch.object(receipts, "SET", size):
                assert receipts.apply_waiting(now=NOON) == len(calls)
            for number, report in (pair for reports in calls for pair in enumerate(reports)):
                raw = raw_of(alone, [(STRANGER, "unknown")] * number + [report])
                receipts.store(provider=PROVIDER, raw=raw, now=NOON)
                receipts.apply_waiting(now=NOON)
            for world in (together, alone):
                write_ourselves(world, ours)
        assert together.picture() == alone.picture()


pytestmark = pytest.mark.django_db


def test_receipts_keep_the_order_in_which_they_came() -> None:
    world = make_world([Status.SENT] * 4)
    said: list[Report] = [(2, "accepted"), (0, "dead"), (2, "delivered"), (1, "delivered"), (0, "delivered")]
    receipts.store(provider=PROVIDER, raw=raw_of(world, said), now=NOON)
    receipts.apply_waiting(now=NOON)
    kept = Receipt.objects.order_by("pk").values_list("delivery", "kind", "moved")
    kinds = {"accepted": "accepted", "dead": "failed", "delivered": "delivered"}
    assert list(kept) == [
        (world.deliveries[about].pk, kinds[word], word != "accepted" or about != 2) for about, word in said
    ]


def test_a_batch_is_cut_where_it_grows_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MOST_RECEIPTS", 4)
    world = make_world([Status.SENT] * 4)
    for _ in range(3):
        receipts.store(provider=PROVIDER, raw=raw_of(world, [(0, "accepted")] * 3), now=NOON)
    assert receipts.apply_waiting(now=NOON) == 2
    assert Callback.objects.waiting().count() == 1
    assert receipts.apply_waiting(now=NOON) == 1
    assert Receipt.objects.count() == 9


def test_a_hundred_receipts_take_as_many_statements_as_one() -> None:
    counts = []
    for size in (1, 100):
        deliveries = [make_delivery(make_prompt(), status=Status.SENT) for _ in range(size)]
        raw = raw_of(World(deliveries), [(place, "delivered") for place in range(size) if place != STRANGER])
        receipts.store(provider=PROVIDER, raw=raw, now=NOON)
        with CaptureQueriesContext(connection) as queries:
            receipts.apply_waiting(now=NOON)
        counts.append(len(queries))
    assert counts == [8, 8], (
        "savepoint and its release, callbacks, settings, moves, does a partner hear, receipts, callbacks done"
    )
