"""Removes history that nobody may ask for any more, a month and all before it, and records that it did.

A message for several installments goes when all of them can. Events go from the first on and in whole seals, up to the
first that speaks of a case which stays: what is left of the record can still be verified, event by event.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

import pgtrigger
from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from notifications import purging_statements
from notifications.models import Purge

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.purging'))"
_GUARDS: Final = (
    "notifications.Prompt:prompt_never_deleted",
    "notifications.Delivery:delivery_never_deleted",
    "notifications.Receipt:receipt_stays",
    "notifications.Acknowledgement:acknowledgement_stays",
    "notifications.NoticeEvent:notice_event_stays",
    "notifications.Duty:duty_never_deleted",
    "notifications.FirmTelling:firm_telling_stays",
)


class TooYoungError(ValueError):
    """What is asked for must still be kept. The text says from when on."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed, and how many prompts from before the month stay: open, being told, with a person,
    disputed, or closed too recently.
    """

    record: Purge
    stay: int


def purge(before: date, *, now: datetime, years: int | None = None, by: User | None = None) -> Purged:
    """Remove what was planned before the month that begins on `before` (UTC) and ended more than `years` ago
    (`settings.HISTORY_YEARS` where not given), in one transaction. Raises TooYoungError.
    """
    kept_from = _years_before(now.date(), settings.HISTORY_YEARS if years is None else years)
    if before.day != 1 or before > kept_from:
        raise TooYoungError(f"What was planned from {kept_from:%Y-%m} on must be kept.")
    parameters = {"before": datetime.combine(before, time.min, UTC), "kept_from": kept_from}
    with transaction.atomic():
        stay = _choose(parameters)
        counts = {name: _delete(statement) for name, statement in purging_statements.ROWS.items()}
        events, last_event_id, last_seal_id = _purge_events(parameters)
        record = Purge.objects.create(
            before=before,
            purged_at=now,
            by=by,
            prompts=counts["prompts"],
            deliveries=counts["deliveries"],
            receipts=counts["receipts"],
            events=events,
            last_event_id=last_event_id,
            last_seal_id=last_seal_id,
        )
    return Purged(record, stay)


def first_kept_seal() -> int | None:
    """The number of the first seal whose events are there, None where nothing was ever removed."""
    last = Purge.objects.filter(last_seal_id__isnull=False).order_by("-last_seal_id").first()
    return last.last_seal_id + 1 if last and last.last_seal_id is not None else None


def _choose(parameters: dict[str, Any]) -> int:
    """Fill `purge_prompt`, `purge_delivery`, `purge_text` and `purge_task` until the commit; returns how many prompts
    stay.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        cursor.execute(purging_statements.CLEAR)
        cursor.execute(purging_statements.OLD, parameters)
        old = int(cursor.rowcount)
        cursor.execute(purging_statements.PROMPTS, parameters)
        chosen = int(cursor.rowcount)
        cursor.execute(purging_statements.WHOLE)
        chosen -= int(cursor.rowcount)
        cursor.execute(purging_statements.DELIVERIES)
        cursor.execute(purging_statements.TEXTS, parameters)
        cursor.execute(purging_statements.TASKS, parameters)
    return old - chosen


def _purge_events(parameters: dict[str, Any]) -> tuple[int, int | None, int | None]:
    """How many events went, the last of them and its seal."""
    with connection.cursor() as cursor:
        cursor.execute(purging_statements.LAST_SEAL, parameters)
        found = cursor.fetchone()
    if found is None:
        return 0, None, None
    last_seal_id, last_event_id = found
    return _delete(purging_statements.EVENTS, last_event_id), last_event_id, last_seal_id


def _delete(statement: str, *parameters: Any) -> int:
    """Past the triggers that keep history, for this one statement."""
    with pgtrigger.ignore(*_GUARDS), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _years_before(day: date, years: int) -> date:
    """The first of the month, so many years ago."""
    return day.replace(year=day.year - years, day=1)
