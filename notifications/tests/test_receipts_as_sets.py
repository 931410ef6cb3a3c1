"""Receipts applied as a set do what they do one by one, whatever their history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.contact_points import confirm_contact_point
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


def make_world(statuses: Sequence[str], handed: Sequence[int | None] = (None,) * 4) -> World:
    """`handed`: how many minutes after noon each was handed over, if it is known."""
    one, other = make_borrower(), make_borrower()
    deliveries = []
    for place, (borrower, channel) in enumerate([(one, "sms"), (one, "sms"), (other, "sms"), (other, "email")]):
        prompt = make_prompt(
            make_installment(make_loan(borrower), due_on=date(2026, 11, 25)), look_again_at=NOON + timedelta(hours=4)
        )
        minutes = handed[place]
        at = None if minutes is None else NOON + timedelta(minutes=minutes)
        deliveries.append(make_delivery(prompt, channel=channel, status=statuses[place], handed_at=at))
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


def write_ourselves(world: World, about: int, now: datetime) -> None:
    """The sender records, late, that its provider took the message; and who it went to proves the address."""
    delivery = world.deliveries[about]
    advance([Step(delivery_id=delivery.pk, to=Status.SENT, provider_reference="own")], now=now)
    point = ContactPoint.objects.get(deliveries=delivery)
    confirm_contact_point(user=point.user, kind=point.kind, address=point.address, now=now)


REPORTS = st.lists(st.tuples(st.integers(0, STRANGER), st.sampled_from(sorted(CODES))), max_size=5)
STAGES = st.lists(st.tuples(st.lists(REPORTS, max_size=4), st.integers(0, 3)), min_size=1, max_size=3)
HANDED = st.lists(st.sampled_from([None, -1, 0, 1, 2]), min_size=4, max_size=4)
STATUSES = st.lists(
    st.sampled_from(["queued", "sending", "retrying", "sent", "delivered", "failed", "unconfirmed", "cancelled"]),
    min_size=4,
    max_size=4,
)


class TestHistories(TestCase):
    @settings(max_examples=150)
    @given(statuses=STATUSES, handed=HANDED, stages=STAGES, size=st.sampled_from([1, 3, receipts.SET]))
    def test_a_set_of_receipts_does_what_they_do_one_by_one(
        self,
        statuses: list[str],
        handed: list[int | None],
        stages: list[tuple[list[list[Report]], int]],
        size: int,
    ) -> None:
        together, alone = make_world(statuses, handed), make_world(statuses, handed)
        for minute, (calls, ours) in enumerate(stages):
            now = NOON + timedelta(minutes=minute)
            for reports in calls:
                receipts.store(provider=PROVIDER, raw=raw_of(together, reports), now=now)
            with patch.object(receipts, "SET", size):
                assert receipts.apply_waiting(now=now) == len(calls)
            for number, report in (pair for reports in calls for pair in enumerate(reports)):
                raw = raw_of(alone, [(STRANGER, "unknown")] * number + [report])
                receipts.store(provider=PROVIDER, raw=raw, now=now)
                receipts.apply_waiting(now=now)
            assert together.picture() == alone.picture()
            for world in (together, alone):
                write_ourselves(world, ours, now)
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


@pytest.mark.parametrize("order", [("dead", "delivered"), ("delivered", "dead")])
@pytest.mark.parametrize("handed", [-1, 1], ids=["before", "by a clock that is ahead"])
def test_in_either_order_an_arrival_clears_what_was_handed_over_before_it(handed: int, order: tuple[str, str]) -> None:
    world = make_world([Status.SENT] * 4, [handed] * 4)
    about = {"dead": 0, "delivered": 1}
    receipts.store(provider=PROVIDER, raw=raw_of(world, [(about[word], word) for word in order]), now=NOON)
    receipts.apply_waiting(now=NOON)
    assert not ContactPoint.objects.exclude(unreachable_since=None).exists()


def test_a_batch_is_cut_where_it_grows_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "MOST_RECEIPTS", 4)
    world = make_world([Status.SENT] * 4)
    for _ in range(3):
        receipts.store(provider=PROVIDER, raw=raw_of(world, [(0, "accepted")] * 3), now=NOON)
    assert receipts.apply_waiting(now=NOON) == 2
    assert Callback.objects.waiting().count() == 1
    assert receipts.apply_waiting(now=NOON) == 1
    assert Receipt.objects.count() == 9


def statements_for(size: int, word: str) -> int:
    """How many it takes to read one callback that says `word` of so many deliveries."""
    deliveries = [make_delivery(make_prompt(), status=Status.SENT) for _ in range(size)]
    raw = raw_of(World(deliveries), [(place, word) for place in range(size) if place != STRANGER])
    receipts.store(provider=PROVIDER, raw=raw, now=NOON)
    with CaptureQueriesContext(connection) as queries:
        receipts.apply_waiting(now=NOON)
    return len(queries)


def test_a_hundred_that_blame_take_two_more_statements() -> None:
    counts = [statements_for(size, "dead") for size in (1, 100)]
    assert counts == [9, 9], "nobody hears of an arrival; who may be blamed, marks"
    assert ContactPoint.objects.exclude(unreachable_since=None).count() == 100


def test_a_hundred_receipts_take_as_many_statements_as_one() -> None:
    counts = [statements_for(size, "delivered") for size in (1, 100)]
    assert counts == [8, 8], (
        "savepoint and its release, callbacks, settings, moves, does a partner hear, receipts, callbacks done"
    )
