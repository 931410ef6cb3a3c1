"""Applies the messages that were kept since: claimed as a set, with their outcomes in the same transaction."""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Func, IntegerField
from django.utils import timezone

from loans.intake.events.applying import apply_events
from loans.intake.events.incoming import Incoming, Outcome, Status
from loans.intake.events.reading import Pushed, read_message
from loans.intake.events.shape import ShapeError
from loans.intake.reports import MOST_KEPT
from loans.models import Event, Partner, Report

MOST_MESSAGES: Final = 200
MOST_BYTES: Final = 500_000
"""Of the messages of one transaction, except that one is always taken: it holds the locks of their loans."""
log = logging.getLogger(__name__)

_WAITING: Final = """
SELECT event.id FROM loans_event AS event JOIN loans_partner AS partner ON partner.id = event.partner_id
WHERE event.status = 'waiting' AND EXISTS (
    SELECT FROM loans_loan AS loan WHERE loan.external_id = event.loan_number
        AND loan.bank_id IN (SELECT id FROM loans_partner WHERE kind = 'bank')
        AND (loan.bank_id = event.partner_id OR partner.kind = 'platform')
        AND (event.bank = '' OR loan.bank_id = (SELECT id FROM loans_partner WHERE code = event.bank)))
    AND NOT EXISTS (
        SELECT FROM loans_waitingrecord AS waiting
        WHERE waiting.report_id = event.report_id AND waiting.place = 'event ' || event.place + 1)
ORDER BY event.id LIMIT %s FOR UPDATE OF event SKIP LOCKED
"""
_SUMMARISE: Final = """
UPDATE loans_report AS report
SET applied = event.applied, unchanged = event.unchanged, unmatched = event.waiting, refusals = event.refusals,
    status = CASE WHEN event.refused = 0 THEN 'applied' WHEN event.refused = event.all THEN 'refused' ELSE 'partly' END
FROM (
    SELECT report_id, count(*) AS all,
           count(*) FILTER (WHERE status = 'applied') AS applied,
           count(*) FILTER (WHERE status IN ('unchanged', 'kept')) AS unchanged,
           count(*) FILTER (WHERE status = 'waiting') AS waiting,
           count(*) FILTER (WHERE status = 'refused') AS refused,
           coalesce(jsonb_agg(jsonb_build_object('file', '', 'place', 'event ' || place + 1, 'reason', reason,
                                                 'code', code) ORDER BY place)
                    FILTER (WHERE status = 'refused'), '[]') AS refusals
    FROM loans_event WHERE report_id = ANY(%s) GROUP BY report_id) AS event
WHERE report.id = event.report_id
"""


_NOTE: Final = """
UPDATE loans_report AS report SET remarks = said.remarks
FROM jsonb_to_recordset(%s::jsonb) AS said (id bigint, remarks jsonb) WHERE report.id = said.id
"""


@transaction.atomic
def apply_kept(most: int = MOST_MESSAGES) -> int:
    """Apply a helping of messages that wait; returns how many. Any number of workers may do so at once."""
    reports = _claim(most)
    incoming = [Incoming(report, pushed) for report in reports for pushed in _read(report)]
    outcomes = apply_as_can_be(incoming)
    Event.objects.bulk_create(row_of(event, outcomes[event]) for event in incoming)
    _summarise({event.report.pk for event in incoming})
    _note_for_desk(outcomes)
    return len(reports)


def _claim(most: int) -> list[Report]:
    size = Func(F("content"), function="octet_length", output_field=IntegerField())
    waiting = Report.objects.filter(kind=Report.Kind.EVENTS, status=Report.Status.RECEIVED).order_by("pk")
    taken: list[int] = []
    total = 0
    for pk, length in waiting.select_for_update(skip_locked=True, no_key=True).values_list("pk", size)[:most]:
        total += length
        if taken and total > MOST_BYTES:
            break
        taken.append(pk)
    return list(Report.objects.filter(pk__in=taken).select_related("partner").order_by("pk"))


def _read(report: Report) -> list[Pushed]:
    """Its events. What read well when it came and does so no more, the catalogue having changed, is refused whole."""
    try:
        return read_message(bytes(report.content), Partner.Kind(report.partner.kind), report.received_at)
    except ShapeError as wrong:
        refusal = {"file": report.name, "place": "", "reason": wrong.detail, "code": wrong.code}
        Report.objects.filter(pk=report.pk).update(status=Report.Status.REFUSED, refusals=[refusal])
        return []


def apply_as_can_be(incoming: Sequence[Incoming], *, tell: bool = True) -> dict[Incoming, Outcome]:
    """Together, if that can be; else one after the other, so that one event does not hold up the others."""
    try:
        with transaction.atomic():
            return apply_events(incoming, tell=tell)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        log.warning("%s events are applied one by one (%s)", len(incoming), type(error).__name__)
    return _apply_each(incoming, tell)


def _apply_each(incoming: Sequence[Incoming], tell: bool) -> dict[Incoming, Outcome]:
    outcomes: dict[Incoming, Outcome] = {}
    for event in sorted(incoming, key=lambda event: event.order):
        try:
            with transaction.atomic():
                outcomes |= apply_events([event], tell=tell)
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            outcomes[event] = _failed(event, error)
    return outcomes


def _failed(event: Incoming, error: Exception) -> Outcome:
    """Only the rule is named: the database's own words quote the row, and so the person. Raises a lost connection."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    if isinstance(error, DatabaseError) and not state.startswith(("22", "23")):
        raise error
    rule = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or state or type(error).__name__
    log.error("Report %s, event %s could not be applied (%s)", event.report.pk, event.pushed.place + 1, rule)
    code = "against_a_rule" if isinstance(error, DatabaseError) else "not_applied"
    return Outcome(Status.REFUSED, code, f"could not be applied ({rule}); we have been told")


def row_of(event: Incoming, outcome: Outcome) -> Event:
    """The row of an event that is not on record yet."""
    pushed = event.pushed
    row = Event(
        report=event.report,
        partner=event.report.partner,
        place=pushed.place,
        event_id=pushed.id,
        type=pushed.event_type.name,
        loan_number=pushed.loan,
        bank=pushed.bank,
        occurred_at=pushed.occurred_at,
    )
    return _decided(row, outcome)


def _decided(row: Event, outcome: Outcome) -> Event:
    row.status, row.code, row.reason = outcome.status, outcome.code, outcome.reason[:300]
    row.decided_at = timezone.now()
    return row


def _summarise(report_ids: set[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARISE, [sorted(report_ids)])


def _note_for_desk(outcomes: Mapping[Incoming, Outcome]) -> None:
    """What only the desk may read of an event stands with its report: of the event, its sender is shown all."""
    said: dict[int, list[str]] = defaultdict(list)
    for event, outcome in outcomes.items():
        said[event.report.pk] += outcome.news.for_desk if outcome.news else []
    rows = [{"id": pk, "remarks": remarks[:MOST_KEPT]} for pk, remarks in said.items() if remarks]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [json.dumps(rows)])


@transaction.atomic
def look_again(most: int = MOST_MESSAGES, *, tell: bool = True) -> int:
    """Apply events that waited for a loan or period which is there now; returns how many.

    Without `tell` it is done in a copy: the floors above hear nothing, and no report is summarised.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [most])
        ids = [row[0] for row in cursor.fetchall()]
    rows = Event.objects.filter(pk__in=ids).select_related("report__partner").order_by("report", "place")
    incoming: dict[Incoming, Event] = {}
    for report, events in groupby(rows, key=attrgetter("report")):
        read = {pushed.place: pushed for pushed in _read(report)}
        incoming |= {Incoming(report, read[event.place]): event for event in events if event.place in read}
    outcomes = apply_as_can_be(list(incoming), tell=tell)
    decided = [_decided(event, outcomes[each]) for each, event in incoming.items()]
    Event.objects.bulk_update(decided, ["status", "code", "reason", "decided_at"])
    if tell:
        _summarise({event.report_id for event in decided})
    return len(decided)
