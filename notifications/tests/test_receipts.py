"""What providers say, stored raw and applied."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from django.db import DatabaseError, connection, transaction

from notifications.models import Delivery, NoticeEvent, Prompt, Receipt
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, hear, make_delivery, make_prompt

pytestmark = pytest.mark.django_db


def report(delivery_id: int, kind: str, **more: str) -> bytes:
    return urlencode({"reference": reference_of(delivery_id), "type": kind, **more}).encode()


def status(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).status


def test_a_receipt_moves_its_delivery_and_is_kept_raw() -> None:
    delivery = make_delivery(status=Status.SENT)
    raw = report(delivery.pk, "1")
    assert hear("kannel", raw=raw, now=NOON) == 1
    assert status(delivery) == Status.DELIVERED
    receipt = Receipt.objects.get()
    assert (bytes(receipt.callback.raw), receipt.kind, receipt.moved) == (raw, "delivered", True)


def test_a_repeated_receipt_is_kept_and_moves_nothing() -> None:
    delivery = make_delivery(status=Status.SENT)
    for _ in range(2):
        hear("kannel", raw=report(delivery.pk, "1"), now=NOON)
    assert list(Receipt.objects.values_list("moved", flat=True)) == [True, False]
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.DELIVERED).count() == 1


def test_a_failure_after_a_delivery_is_a_conflict_that_is_shown() -> None:
    delivery = make_delivery(status=Status.DELIVERED)
    hear("kannel", raw=report(delivery.pk, "2"), now=NOON)
    assert status(delivery) == Status.DELIVERED
    assert NoticeEvent.objects.get().kind == NoticeEvent.Kind.CONFLICT


def test_a_late_delivery_beats_unconfirmed() -> None:
    delivery = make_delivery(status=Status.UNCONFIRMED)
    hear("kannel", raw=report(delivery.pk, "1"), now=NOON)
    assert status(delivery) == Status.DELIVERED


@pytest.mark.parametrize(("attempts", "moved"), [(1, Status.DELIVERED), (0, Status.CANCELLED)])
def test_what_was_taken_back_after_a_try_in_doubt_and_arrived_counts_as_arrived(attempts: int, moved: str) -> None:
    delivery = make_delivery(status=Status.CANCELLED, attempts=attempts)
    hear("kannel", raw=report(delivery.pk, "1"), now=NOON)
    assert status(delivery) == moved
    assert NoticeEvent.objects.filter(kind=NoticeEvent.Kind.DELIVERED).count() == attempts


def test_a_report_with_a_reference_that_is_not_ours_is_kept_and_moves_nothing() -> None:
    delivery = make_delivery(status=Status.SENT)
    hear("kannel", raw=b"reference=00000000-0000-8000-8000-000000000000&type=1", now=NOON)
    assert status(delivery) == Status.SENT
    assert Receipt.objects.get().delivery is None


def test_a_word_that_is_not_known_is_stored_as_unknown() -> None:
    delivery = make_delivery(status=Status.SENT)
    hear("kannel", raw=report(delivery.pk, "77"), now=NOON)
    assert status(delivery) == Status.SENT
    assert Receipt.objects.get().kind == Receipt.Kind.UNKNOWN


def test_a_receipt_of_one_channel_cannot_move_a_delivery_of_another() -> None:
    delivery = make_delivery(channel=Delivery.Channel.EMAIL, status=Status.SENT)
    hear("kannel", raw=report(delivery.pk, "1"), now=NOON)
    assert status(delivery) == Status.SENT


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        (NOON - timedelta(minutes=3), True),
        (NOON + timedelta(days=1), True),
        (NOON + timedelta(days=1, seconds=1), False),
        (datetime(2000, 1, 1, tzinfo=UTC), True),
        (datetime(1999, 12, 31, tzinfo=UTC), False),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), False),
    ],
    ids=["now", "a clock ahead", "tomorrow", "long ago", "before there were phones", "never"],
)
def test_a_moment_that_cannot_be_is_none(at: datetime, kept: bool) -> None:
    delivery = make_delivery(status=Status.SENT)
    hear("kannel", raw=report(delivery.pk, "1", time=str(int(at.timestamp()))), now=NOON)
    assert Receipt.objects.get().occurred_at == (at if kept else None)
    assert status(delivery) == Status.DELIVERED


def test_a_day_before_the_calendar_began_can_be_read_back() -> None:
    delivery = make_delivery(status=Status.SENT)
    told = {"out_id": reference_of(delivery.pk), "success": True, "err_code": "DELIVERED"}
    hear("aliyun", raw=json.dumps([told | {"report_time": "0001-01-01 00:00:00"}]).encode(), now=NOON)
    assert Receipt.objects.get().occurred_at is None


@pytest.mark.parametrize(
    ("kind", "report_type", "looks_at_once"),
    [
        (Prompt.Kind.UPCOMING, "1", False),
        (Prompt.Kind.UPCOMING, "2", True),
        (Prompt.Kind.SCHEDULE_CHANGED, "1", True),
        (Prompt.Kind.SCHEDULE_CHANGED, "8", False),
    ],
)
def test_the_ladder_looks_at_once_where_a_receipt_changes_what_is_next(
    kind: str, report_type: str, looks_at_once: bool
) -> None:
    """Where something arrived and the borrower's own word is waited for, the ladder goes on waiting as it did."""
    later = NOON + timedelta(hours=4)
    delivery = make_delivery(make_prompt(kind=kind, look_again_at=later), status=Status.SENDING)
    hear("kannel", raw=report(delivery.pk, report_type), now=NOON)
    assert Prompt.objects.get().look_again_at == (NOON if looks_at_once else later)


def test_the_event_of_a_move_names_the_message_and_its_digest() -> None:
    delivery = make_delivery(status=Status.SENT)
    raw = report(delivery.pk, "1")
    hear("kannel", raw=raw, now=NOON)
    assert NoticeEvent.objects.get().data == {
        "channel": "sms",
        "reason": "",
        "callback": Receipt.objects.get().callback_id,
        "sha256": sha256(raw).hexdigest(),
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE notifications_receipt SET kind = 'seen'",
        "DELETE FROM notifications_receipt",
        "DELETE FROM notifications_delivery",
        "DELETE FROM notifications_callback",
        "TRUNCATE notifications_receipt CASCADE",
    ],
)
def test_a_receipt_cannot_be_changed_or_removed(statement: str) -> None:
    hear("kannel", raw=report(make_delivery(status=Status.SENT).pk, "1"), now=NOON)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {statement}")
    assert Receipt.objects.count() == 1
