"""Sealing beside transactions that have an id and have not committed: nothing is skipped and nothing sealed twice."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from notifications.evidence.checking import verify_seals
from notifications.evidence.sealing import seal_events
from notifications.models import NoticeEvent, Seal
from notifications.tests.events import make_events
from notifications.tests.factories import NOON
from notifications.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
WRITERS, TRANSACTIONS = 4, 30


class Writer:
    """A second connection with a transaction open."""

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self.wrapper = wrapper

    def ask(self, statement: str) -> Any:
        with self.wrapper.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    def insert(self) -> int:
        """Write an event and do not commit it; returns its id."""
        columns = "(at, kind, borrower_id, data)"
        return int(
            self.ask(f"INSERT INTO notifications_noticeevent {columns} VALUES (now(), 'sent', 7, '{{}}') RETURNING id")
        )


@contextmanager
def writing() -> Iterator[Writer]:
    wrapper = connection.copy()
    wrapper.set_autocommit(False)
    try:
        yield Writer(wrapper)
    finally:
        wrapper.rollback()
        wrapper.close()


def test_an_older_event_that_is_not_committed_yet_holds_back_the_seal_over_younger_ones() -> None:
    with writing() as writer:
        older = writer.insert()
        [younger] = make_events(1)
        assert older < younger
        assert seal_events(NOON, patience=0) == 0
        assert not Seal.objects.exists()
        writer.wrapper.commit()
    assert seal_events(NOON, patience=0) == 2
    made = Seal.objects.get()
    assert (made.first_id, made.last_id, made.count) == (older, younger, 2)
    assert verify_seals().broken is None


def test_the_lower_id_may_belong_to_the_younger_transaction() -> None:
    """Why a row whose xmin is older than every running transaction may still have one below it to come."""
    with writing() as old, writing() as young:
        old.ask("SELECT pg_current_xact_id()::text::bigint")
        younger = young.ask("SELECT pg_current_xact_id()::text::bigint")
        lower, higher = young.insert(), old.insert()
        old.wrapper.commit()
        assert lower < higher
        with connection.cursor() as cursor:
            # Of other databases' transactions a snapshot of the server knows, too: only these two are compared.
            looks_settled = "SELECT xmin::text::bigint < %s FROM notifications_noticeevent WHERE id = %s"
            cursor.execute(looks_settled, [younger, higher])
            assert cursor.fetchone() == (True,)
        assert seal_events(NOON, patience=0) == 0
        young.wrapper.commit()
    assert seal_events(NOON, patience=0) == 2


def test_an_event_that_is_taken_back_holds_nothing_back_any_more() -> None:
    with writing() as writer:
        writer.insert()
        make_events(1)
        writer.wrapper.rollback()
        assert seal_events(NOON, patience=0) == 1
    make_events(1)
    assert seal_events(NOON, patience=0) == 1
    assert verify_seals().events == 2


def test_who_only_reads_or_writes_elsewhere_holds_nothing_back() -> None:
    with writing() as reader:
        reader.ask("SELECT count(*) FROM notifications_noticeevent")
        reader.ask("SELECT pg_current_xact_id()")
        make_events(1)
        assert seal_events(NOON, patience=0) == 1


def test_a_sealer_waits_for_a_writer_that_is_about_to_finish() -> None:
    with writing() as writer, ThreadPoolExecutor(1) as pool:
        writer.insert()
        make_events(1)
        sealing = pool.submit(_seal_and_close)
        writer.wrapper.commit()
        assert sealing.result(timeout=60) == 2


def _seal_and_close() -> int:
    try:
        return seal_events(NOON, patience=30)
    finally:
        connection.close()


def test_two_sealers_at_once_seal_each_event_once() -> None:
    make_events(2500)
    sealed = at_once(*[lambda: seal_events(NOON)] * 4)
    while more := seal_events(NOON):
        sealed.append(more)
    assert sum(sealed) == 2500
    verdict = verify_seals()
    assert (verdict.broken, verdict.events, verdict.unsealed) == (None, 2500, 0)


def test_beside_many_writers_that_commit_and_roll_back_every_event_gets_its_seal() -> None:
    done: set[int] = set()

    def write(seed: int) -> int:
        choice, kept = random.Random(seed), 0
        for _ in range(TRANSACTIONS):
            with transaction.atomic():
                written = sum(_insert(choice.randint(1, 4)) for _ in range(5))
                if choice.random() < 0.3:
                    transaction.set_rollback(True)
                else:
                    kept += written
        done.add(seed)
        return kept

    def seal() -> int:
        while len(done) < WRITERS:
            seal_events(NOON, limit=50, patience=0.2)
        return 0

    written = sum(at_once(*[partial(write, seed) for seed in range(WRITERS)], seal, seal))
    while seal_events(NOON):
        pass
    verdict = verify_seals()
    assert verdict.broken is None
    assert verdict.events == NoticeEvent.objects.count() == written
    assert Seal.objects.count() > 1


def _insert(count: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_noticeevent (at, kind, borrower_id, data)"
            " SELECT now(), 'sent', 7, '{}' FROM generate_series(1, %s)",
            [count],
        )
        return int(cursor.rowcount)
