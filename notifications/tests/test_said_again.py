"""What a provider says again, word for word, changes nothing, is kept and is counted by message."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import receipts
from notifications.models import Callback, Delivery, NoticeEvent, Receipt, RefusedCalls
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery

pytestmark = pytest.mark.django_db

ARRIVED = {"success": True, "err_code": "DELIVERED", "report_time": "2026-11-22 12:00:03"}


def sent() -> Delivery:
    return make_delivery(channel="sms", status=Status.SENT, sent_at=NOON, handed_at=NOON)


def report(delivery: Delivery, **other: Any) -> dict[str, Any]:
    return {**ARRIVED, "out_id": reference_of(delivery.pk), "biz_id": f"B{delivery.pk}", **other}


def push(*reports: dict[str, Any]) -> None:
    """One message of Alibaba Cloud's, kept and not yet read."""
    Callback.keep("aliyun", json.dumps(reports).encode(), NOON)


def read() -> None:
    receipts.apply_waiting(now=NOON)


def counted() -> list[tuple[str, str, int]]:
    return list(RefusedCalls.objects.values_list("provider", "why", "calls"))


def test_what_is_kept_already_and_comes_again_is_counted() -> None:
    delivery = sent()
    push(report(delivery))
    read()
    assert counted() == []
    for _ in range(3):
        push(report(delivery))
        read()
    assert counted() == [("aliyun", "said_again", 3)]
    assert Receipt.objects.count() == 4
    assert NoticeEvent.objects.filter(delivery_id=delivery.pk, kind="delivered").count() == 1


def test_what_comes_again_before_it_is_read_is_counted_as_well() -> None:
    delivery = sent()
    for _ in range(3):
        push(report(delivery))
    read()
    assert counted() == [("aliyun", "said_again", 2)]


def test_a_message_that_says_one_new_thing_is_none_that_was_said_before() -> None:
    one, other = sent(), sent()
    push(report(one))
    push(report(one), report(other))
    read()
    assert counted() == []
    push(report(one), report(other))
    read()
    assert counted() == [("aliyun", "said_again", 1)]


@pytest.mark.parametrize(
    "other",
    [
        {"report_time": "2026-11-22 12:00:04"},
        {"biz_id": "B0"},
        {"success": False, "err_code": "DELIVERED"},
        {"err_code": "SOMETHING"},
    ],
)
def test_another_word_about_the_same_message_is_not_the_same(other: dict[str, Any]) -> None:
    delivery = sent()
    push(report(delivery))
    read()
    push(report(delivery, **other))
    read()
    assert counted() == []


def test_what_names_no_message_of_ours_says_nothing_again() -> None:
    for _ in range(2):
        push({**ARRIVED, "out_id": "0190c1de-0000-8000-8000-0123456789ab", "biz_id": "B1"})
        push()
        read()
    assert counted() == []


def test_nothing_is_asked_where_everything_moved_its_delivery() -> None:
    for _ in range(3):
        push(report(sent()))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        read()
    assert not [one for one in asked.captured_queries if "AS kept" in one["sql"]]


def test_what_is_said_again_is_counted_by_the_day_on_which_it_is_read() -> None:
    delivery = sent()
    push(report(delivery))
    for days in (0, 1):
        push(report(delivery))
        receipts.apply_waiting(now=NOON + timedelta(days=days))
    assert list(RefusedCalls.objects.order_by("day").values_list("day", "calls")) == [
        (NOON.date(), 1),
        (NOON.date() + timedelta(days=1), 1),
    ]
