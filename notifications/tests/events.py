"""Events for tests of the evidence."""

from typing import Any

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


def tamper(statement: str, *parameters: Any) -> None:
    """Change what is append-only, as a superuser of the database can: no trigger fires."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, parameters)
        assert cursor.rowcount > 0
        cursor.execute("SET session_replication_role = origin")
