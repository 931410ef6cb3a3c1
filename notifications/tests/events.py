"""Events for tests of the evidence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.db import connection

from notifications.events import Fact, record_all
from notifications.models import NoticeEvent
from notifications.tests.factories import NOON


def make_events(count: int, **fields: Any) -> list[int]:
    """So many events of borrower 7, in one INSERT; returns their ids."""
    before = set(NoticeEvent.objects.values_list("pk", flat=True))
    fact = Fact(**{"kind": NoticeEvent.Kind.SENT, "borrower_id": 7, "data": {"channel": "sms"}, **fields})
    record_all([fact] * count, at=NOON)
    return sorted(set(NoticeEvent.objects.values_list("pk", flat=True)) - before)


@contextmanager
def tampering() -> Iterator[None]:
    """As whoever owns the database could: with the triggers out of the way."""
    with pgtrigger.ignore():
        yield


def tamper(statement: str, *parameters: Any) -> None:
    with tampering(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        assert cursor.rowcount > 0
