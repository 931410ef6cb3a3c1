"""Two workers tell one person no more than the caps allow: on real connections."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from django.db import connection, transaction

from notifications import dispatch
from notifications.claiming import Line
from notifications.models import Delivery
from notifications.states import Status
from notifications.tests.factories import NOON
from notifications.tests.test_capping import cap, overdue_deliveries
from notifications.tests.test_races import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def take(limit: int) -> int | None:
    """How many messages a worker claims; None where others are at all that is left."""
    worded = dispatch._claim(Line("sms"), "kannel", 1, NOON, limit)
    return None if worded is None else len(worded)


@contextmanager
def worker_that_took(limit: int) -> Iterator[None]:
    """Another worker has worded and claimed so many, and commits at the end."""
    taken, over = Event(), Event()

    def work() -> None:
        try:
            with transaction.atomic():
                assert take(limit) == limit
                taken.set()
                assert over.wait(timeout=10)
        finally:
            taken.set()
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert taken.wait(timeout=10)
        try:
            yield
        finally:
            over.set()
        working.result()


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("status", flat=True))


def test_while_one_worker_tells_a_person_another_leaves_theirs_and_then_finds_no_room() -> None:
    overdue_deliveries(cap() + 2)
    with worker_that_took(cap()):
        assert take(500) is None
    assert statuses() == [Status.SENDING] * cap() + [Status.QUEUED] * 2
    assert take(500) == 0
    assert statuses() == [Status.SENDING] * cap() + [Status.RETRYING] * 2


def test_another_persons_messages_go_out_meanwhile() -> None:
    overdue_deliveries(1)
    assert take(1) == 1, "the words are kept now, so that nobody waits for who keeps them first"
    overdue_deliveries(1)
    overdue_deliveries(1)
    with worker_that_took(1):
        assert take(500) == 1


def test_behind_a_full_block_that_is_all_another_workers_the_walk_goes_on_and_ends_when_it_has_come_round() -> None:
    overdue_deliveries(1)
    assert take(1) == 1, "the words are kept now, so that nobody waits for who keeps them first"
    overdue_deliveries(3)
    overdue_deliveries(1)
    with worker_that_took(1):
        line = Line("sms")
        walk = [dispatch._claim(line, "kannel", 1, NOON, 2) for _ in range(3)]
    assert [worded if worded is None else len(worded) for worded in walk] == [0, 1, None]


def test_however_many_workers_there_are_each_person_gets_as_much_as_the_cap_allows() -> None:
    for _ in range(4):
        overdue_deliveries(cap() + 3)
    for _ in range(3):
        at_once(*[lambda: take(5)] * 4)
    take(500)
    people = Delivery.objects.filter(status=Status.SENDING).values_list("prompt__borrower", flat=True)
    assert sorted(list(people).count(person) for person in set(people)) == [cap()] * 4
    assert Delivery.objects.filter(status=Status.RETRYING).count() == 3 * 4
