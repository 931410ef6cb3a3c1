"""Events get seals: all of them, once, in one chain."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from notifications.evidence import sealing
from notifications.evidence.canonical import read_events
from notifications.evidence.checking import verify_seals
from notifications.evidence.inclusion import NotSealedError, path_of
from notifications.evidence.merkle import check_path
from notifications.evidence.sealing import seal_events
from notifications.evidence.verify import GENESIS
from notifications.models import NoticeEvent, Seal
from notifications.tasks import seal
from notifications.tests.events import make_events
from notifications.tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_without_events_there_is_nothing_to_seal() -> None:
    assert seal_events(NOON) == 0
    assert not Seal.objects.exists()


def test_what_was_recorded_is_sealed_once() -> None:
    ids = make_events(3)
    assert seal_events(NOON) == 3
    assert seal_events(NOON) == 0
    made = Seal.objects.get()
    assert (made.first_id, made.last_id, made.count, made.sealed_at) == (ids[0], ids[-1], 3, NOON)
    assert bytes(made.previous) == GENESIS


def test_a_seal_begins_where_the_one_before_it_ends_and_names_its_hash() -> None:
    make_events(2)
    seal_events(NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('notifications_noticeevent', 'id'))")
    later = make_events(2)
    seal_events(NOON + timedelta(seconds=5))
    first, second = Seal.objects.all()
    assert second.first_id == first.last_id + 1 < later[0], "an id that was never used is covered, too"
    assert bytes(second.previous) == bytes(first.hash)


def test_many_events_are_cut_into_batches_and_a_call_takes_no_more_than_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 10)
    ids = make_events(57)
    assert seal_events(NOON, limit=35) == 35
    assert seal_events(NOON, limit=35) == 22
    assert list(Seal.objects.values_list("count", flat=True)) == [10, 10, 10, 5, 10, 10, 2]
    assert Seal.objects.newest() == Seal.objects.get(last_id=ids[-1])
    assert verify_seals().events == 57


def test_the_sweep_goes_on_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LIMIT", 20)
    make_events(45)
    assert seal() == 45
    assert seal() == 0


@pytest.mark.parametrize("statement", ["UPDATE notifications_seal SET count = 1", "DELETE FROM notifications_seal"])
def test_a_seal_can_be_neither_changed_nor_removed(statement: str) -> None:
    make_events(2)
    seal_events(NOON)
    refused = pytest.raises(DatabaseError, match="Cannot update or delete")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_seals_cannot_be_emptied_at_a_stroke() -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE notifications_seal CASCADE")


def test_two_seals_never_follow_the_same_one() -> None:
    make_events(1)
    seal_events(NOON)
    made = Seal.objects.get()
    made.pk, made.last_id = None, made.last_id + 1
    with pytest.raises(IntegrityError, match="seal_chain_does_not_fork"), transaction.atomic():
        made.save(force_insert=True)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_every_event_has_a_path_to_its_seal(count: int) -> None:
    make_events(3)
    seal_events(NOON)
    ids = make_events(count)
    seal_events(NOON)
    for event_id, line in read_events(ids):
        found = path_of(event_id)
        assert check_path(line.encode(), found.index, found.seal.count, found.path, bytes(found.seal.root))


def test_a_path_that_there_is_not_says_why() -> None:
    make_events(1)
    seal_events(NOON)
    [young] = make_events(1)
    with pytest.raises(NotSealedError, match="not sealed yet"):
        path_of(young)
    with pytest.raises(NotSealedError, match=f"no event {young + 1}"):
        path_of(young + 1)


@pytest.mark.parametrize(
    ("setting", "value"), [("TimeZone", "Asia/Shanghai"), ("DateStyle", "German"), ("IntervalStyle", "iso_8601")]
)
def test_the_bytes_of_an_event_do_not_depend_on_the_session(setting: str, value: str) -> None:
    ids = make_events(1, data={"reason": "多\n行 \" '", "n": 1.50, "a": None})
    before = read_events(ids)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {setting} = '{value}'")
        assert read_events(ids) == before


def test_the_bytes_of_an_event_are_one_line_of_json_with_all_that_it_says() -> None:
    data: dict[str, Any] = {"reason": "two\nlines 和 “quotes”\u2028", "channel": "sms"}
    [event_id] = make_events(1, installment_id=1, prompt_id=2, delivery_id=3, actor_id=4, data=data)
    event = NoticeEvent.objects.get(pk=event_id)
    [(_id, line)] = read_events([event_id])
    assert "\n" not in line
    assert line == (
        f'{{"id":{event_id},"at_utc":"2026-11-22T04:00:00","kind":"sent","borrower":{event.borrower_id},'
        f'"installment":1,"prompt":2,"delivery":3,"actor":4,'
        f'"data":{{"reason": "two\\nlines 和 “quotes”\u2028", "channel": "sms"}}}}'
    )


def test_a_sealer_that_is_stopped_halfway_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker's time limit does: the rows still on their way must not block the end of its transaction."""

    def stop(_batch: Any, _before: Any, _now: Any) -> Seal:
        raise TimeoutError

    make_events(3000)
    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_seal", stop)
        with pytest.raises(TimeoutError):
            seal_events(NOON)
    assert not Seal.objects.exists()
    assert seal_events(NOON) == 3000
