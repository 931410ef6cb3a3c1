"""A request that changes something is done once a key, however often it is sent (Idempotency-Key, an IETF draft)."""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems
from loans.api.access import client_of
from loans.api.problems import ProblemError
from loans.models import PartnerClient, StoredReply

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_KEY: Final = re.compile(r"[!-~]{1,128}")


def once(request: Request, change: Callable[[], tuple[int, dict[str, Any]]]) -> Response:
    """Make the `change`, whose status and body are kept with the key in its transaction; a repeat is answered the same.

    Raises ProblemError without a key, for one whose first request is under way, and for one that was another
    request's. What `change` refuses is not kept: it may be tried again.
    """
    key = request.headers.get(HEADER, "")
    if not _KEY.fullmatch(key):
        raise ProblemError(problems.NO_IDEMPOTENCY_KEY, f"Send {HEADER}: 1 to 128 printable characters of ASCII.")
    client, asked = client_of(request), _hash(request)
    with transaction.atomic():
        _alone(client, key)
        kept = StoredReply.objects.filter(client=client, key=key).first()
        if kept is None:
            status, body = change()
            StoredReply.objects.create(
                client=client, key=key, request_hash=asked, status=status, body=body, made_at=timezone.now()
            )
            return Response(body, status=status)
    if kept.request_hash != asked:
        raise ProblemError(problems.KEY_REUSED)
    return Response(kept.body, status=kept.status, headers={REPLAYED: "true"})


def _alone(client: PartnerClient, key: str) -> None:
    """Become the only request of this key until the transaction ends; nobody waits for another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number(client, key)])
        if not cursor.fetchone()[0]:
            raise ProblemError(problems.KEY_IN_USE, headers={"Retry-After": "1"})


def lock_number(client: PartnerClient, key: str) -> int:
    """The advisory lock that a request holds while it is answered."""
    return int.from_bytes(sha256(f"{client.pk} {key}".encode()).digest()[:8], signed=True)


def _hash(request: Request) -> str:
    asked = sha256(f"{request.method} {request.get_full_path()}\n".encode())
    asked.update(request.body)
    return asked.hexdigest()
