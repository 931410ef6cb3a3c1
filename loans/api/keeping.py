"""Keeps a pushed message raw, once: one INSERT, before anything is done with it."""

import hashlib
import json
from typing import Any, Final

from django.db import connection

from loans.api.authentication import Signed
from loans.intake.events.reading import read_message
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
_RECEIVE_AFTER_ALL: Final = """
UPDATE loans_report SET status = 'received', refusals = '[]' WHERE id = %s AND status = 'refused'
    AND NOT EXISTS (SELECT FROM loans_event WHERE report_id = loans_report.id)
"""


class AnotherMessageError(Exception):
    """This partner sent other bytes under this id before. Nothing was kept of these."""


def keep(partner: Partner, signed: Signed, wrong: ShapeError | None) -> tuple[int, ShapeError | None]:
    """The id of the report of this message, and what its sender is told is wrong with it.

    A new one that is `wrong` is kept as refused; any other waits to be applied. One that came before, the same bytes,
    is answered as it was then. Raises AnotherMessageError.
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
            return int(row[0]), wrong
    known = Report.objects.filter(partner=partner, kind=EVENTS, message_id=signed.message_id).defer("content").get()
    if known.digest != digest:
        raise AnotherMessageError
    return known.pk, _refused_before(known, partner, signed.body)


def _refused_before(known: Report, partner: Partner, body: bytes) -> ShapeError | None:
    """Why it was refused as a whole, as of when it came; None of one that was taken, whatever became of its events.

    What the catalogue did not know then and knows now is received after all.
    """
    if known.status != Report.Status.REFUSED or known.events.exists():
        return None
    try:
        read_message(body, Partner.Kind(partner.kind), known.received_at)
    except ShapeError as wrong:
        return wrong
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVE_AFTER_ALL, [known.pk])
    return None


def _refusals(name: str, wrong: ShapeError) -> list[dict[str, Any]]:
    if not wrong.mistakes:
        return [{"file": name, "place": "", "reason": wrong.detail, "code": wrong.code}]
    return [
        {"file": name, "place": mistake.pointer, "reason": mistake.detail, "code": mistake.code}
        for mistake in wrong.mistakes
    ]
