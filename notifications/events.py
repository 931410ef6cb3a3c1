"""Writes the record of what happened, in the transaction that made it happen."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from notifications.models import NoticeEvent, Prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event to record; `data` is JSON and holds no address and no wording."""

    kind: NoticeEvent.Kind
    borrower_id: int
    installment_id: int | None = None
    prompt_id: int | None = None
    delivery_id: int | None = None
    actor_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


def record(
    kind: NoticeEvent.Kind,
    *,
    borrower_id: int,
    at: datetime,
    installment_id: int | None = None,
    prompt_id: int | None = None,
    delivery_id: int | None = None,
    actor_id: int | None = None,
    **data: Any,
) -> None:
    """Record one event."""
    fact = Fact(
        kind=kind,
        borrower_id=borrower_id,
        installment_id=installment_id,
        prompt_id=prompt_id,
        delivery_id=delivery_id,
        actor_id=actor_id,
        data=data,
    )
    record_all([fact], at=at)


def about(
    prompt: Prompt,
    kind: NoticeEvent.Kind,
    *,
    delivery_id: int | None = None,
    actor_id: int | None = None,
    **data: Any,
) -> Fact:
    """The event `kind` of a prompt: whose it is and what it is about are the prompt's own."""
    return Fact(
        kind=kind,
        borrower_id=prompt.borrower_id,
        installment_id=prompt.installment_id,
        prompt_id=prompt.pk,
        delivery_id=delivery_id,
        actor_id=actor_id,
        data=data,
    )


_INSERT: Final = """
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, delivery_id, actor_id, data)
SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[])
"""

RECORD_SENT: Final = """
INSERT INTO notifications_noticeevent (at, kind, borrower_id, installment_id, prompt_id, delivery_id, data)
SELECT %(now)s, 'sent', borrower_id, installment_id, prompt_id, id, %(said)s::jsonb FROM moved
"""
"""The end of a statement whose `moved` are the deliveries that were handed over: id, prompt_id, and of the prompt
borrower_id and installment_id. `said` is what `sent_by` gives: made once, and not for each of them.
"""


def sent_by(channel: str) -> str:
    """What events say of messages that went out by `channel`, as JSON."""
    return json.dumps({"channel": channel, "reason": ""})


def record_all(facts: Iterable[Fact], *, at: datetime) -> None:
    """Record many events with one INSERT."""
    rows = [
        (
            str(fact.kind),
            fact.borrower_id,
            fact.installment_id,
            fact.prompt_id,
            fact.delivery_id,
            fact.actor_id,
            json.dumps(fact.data),
        )
        for fact in facts
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [at, *(list(column) for column in zip(*rows, strict=True))])
