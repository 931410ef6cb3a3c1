"""Stages that time has passed by: what nobody was told is on record as skipped, and nobody gets two in a burst."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from notifications import planning_statements, table_statistics
from notifications.cancellation import cancel_unsent
from notifications.events import about, record_all
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.slots import Slot, leads_before

REASON: Final = "overtaken by a later stage"
BATCH: Final = 2000
"""Prompts that are ended together: read as objects, a million would not fit."""


def find_overtaken(kind: str, slots: Collection[Slot]) -> list[int]:
    """The prompts that lead earlier stages of what is about to be written (`planning_prompt` holds it)."""
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.OVERTAKEN, {"kind": kind, "firsts": _firsts(kind, slots)})
        return [row[0] for row in cursor.fetchall()]


def record_missed(kind: str, slots: Collection[Slot], *, now: datetime) -> None:
    """Record as skipped the leads of what was just written that were never told although the figures were known."""
    missed = _missed(kind, slots)
    if not missed["missed"]:
        return
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.LATE)
        if cursor.fetchone()[0]:
            table_statistics.refresh(["notifications_prompt"])
            parameters: dict[str, Any] = {"kind": kind, "now": now, "firsts": _firsts(kind, slots), **missed}
            cursor.execute(planning_statements.MISSED, parameters)


def end_overtaken(prompt_ids: Sequence[int], *, now: datetime) -> None:
    """End these ladders. Run it in the transaction of the planning."""
    for first in range(0, len(prompt_ids), BATCH):
        _end(prompt_ids[first : first + BATCH], now)


def _firsts(kind: str, slots: Collection[Slot]) -> list[int]:
    """The stages before which no plan has another."""
    plans = {slot.plan for slot in slots}
    if kind == Prompt.Kind.UPCOMING:
        return [max(plan.leads) for plan in plans] if len(plans) == 1 else []
    return [min(plan.stages) for plan in plans] if len(plans) == 1 else []


def _missed(kind: str, slots: Collection[Slot]) -> dict[str, list[Any]]:
    """The leads before each slot's own, and by when the figures had to be known for them to be told."""
    upcoming = {(slot.place.name, slot.plan, slot.at.due_on, slot.at.stage): slot for slot in slots}
    rows = [
        (slot, known_by, lead)
        for slot in (upcoming.values() if kind == Prompt.Kind.UPCOMING else ())
        for lead, known_by in leads_before(slot)
    ]
    return {
        "zones": [slot.place.name for slot, _known_by, _lead in rows],
        "plans": [slot.plan.number for slot, _known_by, _lead in rows],
        "due_on": [slot.at.due_on for slot, _known_by, _lead in rows],
        "stages": [slot.at.stage for slot, _known_by, _lead in rows],
        "known_by": [known_by for _slot, known_by, _lead in rows],
        "missed": [lead for _slot, _known_by, lead in rows],
    }


def _end(prompt_ids: Sequence[int], now: datetime) -> None:
    """One that arrived counts as told; of one that did not, the later stage carries on."""
    prompts = list(Prompt.objects.live().filter(pk__in=prompt_ids).select_for_update(no_key=True))
    handed_over = set(
        Delivery.objects.filter(prompt__in=prompts, sent_at__isnull=False)
        .exclude(channel=Delivery.Channel.IN_APP)
        .values_list("prompt_id", flat=True)
    )
    arrived = set(
        Delivery.objects.filter(prompt__in=prompts, status=Delivery.Status.DELIVERED).values_list(
            "prompt_id", flat=True
        )
    )
    _end_bundles(arrived, Prompt.Status.TOLD, "")
    _end_bundles({prompt.pk for prompt in prompts} - arrived, Prompt.Status.CANCELLED, REASON)
    cancel_unsent([prompt.pk for prompt in prompts], reason=REASON, now=now)
    skipped, cancelled = NoticeEvent.Kind.SKIPPED, NoticeEvent.Kind.CANCELLED
    facts = (
        about(prompt, cancelled if prompt.pk in handed_over else skipped, stage=prompt.stage, reason=REASON)
        for prompt in prompts
        if prompt.pk not in arrived
    )
    record_all(facts, at=now)


def _end_bundles(prompt_ids: set[int], status: Prompt.Status, reason: str) -> None:
    Prompt.objects.live().bundles(prompt_ids).update(status=status, reason=reason)
