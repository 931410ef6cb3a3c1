"""Messages as a partner's system would sign and push them, signed by the standard's own package."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from loans import tasks
from loans.api import keyring
from loans.api.keys import rotate_key
from loans.api.problems import PROBLEMS
from loans.api.signature import sign
from loans.intake.events.catalogue import CATALOGUE
from loans.models import Event, Partner

_ids = count(1)
YESTERDAY = "2026-11-27T09:00:00+08:00"


def make_key(partner: Partner, *, overlap: float = 7) -> str:
    """The secret of a new key."""
    keyring.forget()
    return rotate_key(partner, now=timezone.now() - timedelta(seconds=1), overlap=timedelta(days=overlap))[1]


def event(name: str, data: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """An event of this type, with its example's data where none is given."""
    said = {"id": f"e-{next(_ids)}", "type": name, "occurred_at": YESTERDAY}
    return said | {"data": dict(data or CATALOGUE[name, 1].example)} | members


def signed_headers(secret: str, body: bytes, message_id: str, at: datetime | None = None) -> dict[str, str]:
    at = at or timezone.now()
    signature = Webhook(secret).sign(message_id, at, body.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def push_raw(code: str, body: bytes, headers: Mapping[str, str], content_type: str = "application/json") -> Any:
    return Client().post(f"/api/v1/partners/{code}/events", body, content_type=content_type, headers=dict(headers))


def push(code: str, secret: str, *events: Mapping[str, Any], message_id: str = "", at: datetime | None = None) -> Any:
    """One event as it is, several as a batch."""
    document = events[0] if len(events) == 1 else {"events": events}
    body = json.dumps(document).encode()
    return push_raw(code, body, signed_headers(secret, body, message_id or f"m-{next(_ids)}", at))


def ask(code: str, secret: str, report_id: int, message_id: str) -> Any:
    """What became of a message."""
    headers = signed_headers(secret, b"", message_id)
    return Client().get(f"/api/v1/partners/{code}/reports/{report_id}", headers=headers)


def push_bytes(secret: str, body: bytes, message_id: str = "m-bytes") -> Any:
    now = int(timezone.now().timestamp())
    headers = {"webhook-id": message_id, "webhook-timestamp": str(now)}
    return push_raw("harbour", body, headers | {"webhook-signature": sign(secret, message_id, now, body)})


def refused(answer: Any, code: str) -> Any:
    """The problem, which is in the catalogue's form."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (PROBLEMS[code].status, code), body
    assert answer["Content-Type"] == "application/problem+json"
    assert body["type"] == f"urn:dueproof:problem:{code}"
    assert body["status"] == answer.status_code
    assert body["title"]
    assert body["detail"]
    return body


def told(code: str, secret: str, *events: dict[str, Any]) -> list[tuple[str, str]]:
    """Push them in one message, apply it; the outcome and the code of each."""
    answer = push(code, secret, *events)
    assert answer.status_code == 202, answer.content
    tasks.apply_events()
    rows = Event.objects.filter(report=answer.json()["report"]).order_by("place")
    return [(row.status, row.code) for row in rows]


def about(name: str, **members: Any) -> dict[str, Any]:
    """An event of this type, as the example's but for these members of its data."""
    return event(name, dict(CATALOGUE[name, 1].example) | members)
