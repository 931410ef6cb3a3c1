"""Keeps a pushed message raw, once: one INSERT, before anything is done with it."""

import hashlib
import json
from typing import Any, Final

from django.db import connection

from loans.api.authentication import Signed
from loans.intake.events.shape import ShapeError
from loans.models import Partner, Report

EVENTS: Final = Report.Kind.EVENTS
_KEEP: Final = """
INSERT INTO loans_report (partner_id, kind, name, content, digest, message_id, headers, received_at, status, applied,
                          unchanged, unmatched, waiting_count, refusals, remarks)
VALUES (%(partner)s, 'events', %(message_id)s, %(content)s, %(digest)s, %(message_id)s, %(headers)s, %(received_at)s,
        %(status)s, 0, 0, 0, 0, %(refusals)s, '[]')
ON CONFLICT (partner_id, message_id) WHERE kind = 'events' DO NOTHING
RETURNING id
"""


class AnotherMessageError(Exception):
    """This partner sent other bytes under this id before. Nothing was kept of these."""


def keep(partner: Partner, signed: Signed, wrong: ShapeError | None) -> int:
    """The id of the report of this message, which is new, or was kept when the same bytes came before.

    One that is `wrong` is kept as refused; any other waits to be applied. Raises AnotherMessageError.
    """
    digest = hashlib.sha256(signed.body).hexdigest()
    facts: dict[str, Any] = {
        "partner": partner.pk,
        "message_id": signed.message_id,
        "content": signed.body,
        "digest": digest,
        "headers": json.dumps({**signed.headers, "key": signed.key}),
        "received_at": signed.at,
        "status": Report.Status.REFUSED.value if wrong else Report.Status.RECEIVED.value,
        "refusals": json.dumps(_refusals(signed.message_id, wrong)) if wrong else "[]",
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, facts)
        if row := cursor.fetchone():
            return int(row[0])
    known = Report.objects.filter(partner=partner, kind=EVENTS, message_id=signed.message_id)
    kept_id, kept_digest = known.values_list("pk", "digest").get()
    if kept_digest != digest:
        raise AnotherMessageError
    return kept_id


def _refusals(name: str, wrong: ShapeError) -> list[dict[str, Any]]:
    if not wrong.mistakes:
        return [{"file": name, "place": "", "reason": wrong.detail, "code": wrong.code}]
    return [
        {"file": name, "place": mistake.pointer, "reason": mistake.detail, "code": mistake.code}
        for mistake in wrong.mistakes
    ]
