"""Keeps a pushed message raw, once: one INSERT, before anything is done with it."""

import hashlib
from contextlib import nullcontext
from typing import Any, Final

from django.db import IntegrityError, connection, transaction

from loans.api.authentication import Signed
from loans.intake.events.shape import ShapeError
from loans.models import Partner, Report

EVENTS: Final = Report.Kind.EVENTS


class AnotherMessageError(Exception):
    """This partner sent other bytes under this id before. Nothing was kept of these."""


def keep(partner: Partner, signed: Signed, wrong: ShapeError | None) -> int:
    """The id of the report of this message, which is new, or was kept when the same bytes came before.

    One that is `wrong` is kept as refused; any other waits to be applied. Raises AnotherMessageError.
    """
    digest = hashlib.sha256(signed.body).hexdigest()
    report = Report(
        partner=partner,
        kind=EVENTS,
        name=signed.message_id,
        content=signed.body,
        digest=digest,
        message_id=signed.message_id,
        headers={**signed.headers, "key": signed.key},
        received_at=signed.at,
    )
    if wrong:
        report.status, report.refusals = Report.Status.REFUSED, _refusals(signed.message_id, wrong)
    try:
        # By itself it is one statement, and a transaction of its own; within another one it needs a savepoint.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            report.save(force_insert=True)
    except IntegrityError:
        known = Report.objects.filter(partner=partner, kind=EVENTS, message_id=signed.message_id)
        kept_id, kept_digest = known.values_list("pk", "digest").get()
        if kept_digest != digest:
            raise AnotherMessageError from None
        return kept_id
    return report.pk


def _refusals(name: str, wrong: ShapeError) -> list[dict[str, Any]]:
    if not wrong.mistakes:
        return [{"file": name, "place": "", "reason": wrong.detail, "code": wrong.code}]
    return [
        {"file": name, "place": mistake.pointer, "reason": mistake.detail, "code": mistake.code}
        for mistake in wrong.mistakes
    ]
