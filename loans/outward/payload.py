"""An event as it is posted: the same bytes at every attempt, signed anew (Standard Webhooks)."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from loans.api.signature import sign


def event_as_json(pk: int, kind: str, occurred_at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """An event as partners read it, posted or asked for. `occurred_at` in UTC to the microsecond."""
    moment = occurred_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"id": pk, "type": kind, "occurred_at": moment, "data": data}


def body_of(event: dict[str, Any]) -> str:
    """The body of the post. Its members come in one order, whatever order the database gives them in."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def webhook_id(pk: int) -> str:
    """What a receiver tells repeats by: the same at every attempt, to every endpoint."""
    return f"evt_{pk}"


def headers_of(pk: int, body: str, secrets: Sequence[str], *, now: datetime) -> dict[str, str]:
    """One signature for each secret that is valid, so that a partner may change over at its own time."""
    name, timestamp, signed = webhook_id(pk), int(now.timestamp()), body.encode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Dueproof",
        "Webhook-Id": name,
        "Webhook-Timestamp": str(timestamp),
        "Webhook-Signature": " ".join(sign(secret, name, timestamp, signed) for secret in secrets),
    }
