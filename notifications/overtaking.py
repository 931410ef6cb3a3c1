"""Stages that time has passed by: what nobody was told is on record as skipped, and nobody gets two in a burst."""

from collections.abc import Collection, Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db import connection

from notifications import planning_statements
from notifications.cancellation import cancel_unsent
from notifications.events import about, record_all
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.slots import Slot
from notifications.timing import at_local

REASON: Final = "overtaken by a later stage"


def end_overtaken(kind: str, slots: Collection[Slot], *, now: datetime) -> None:
    """End the ladders of earlier stages of what was just planned (`planning_prompt` holds it).

    Leads that were never told although the figures were known are recorded as skipped. Run it in the transaction of the
    planning.
    """
    parameters: dict[str, Any] = {"kind": kind, "now": now, "firsts": _firsts(kind, slots)}
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.OVERTAKEN, parameters)
        earlier = [row[0] for row in cursor.fetchall()]
        missed = _missed(kind, slots)
        if missed["missed"]:
            cursor.execute(planning_statements.MISSED, {**parameters, **missed})
    _end(earlier, now)


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
        for lead, known_by in _leads_before(slot)
    ]
    return {
        "zones": [slot.place.name for slot, _known_by, _lead in rows],
        "plans": [slot.plan.number for slot, _known_by, _lead in rows],
        "due_on": [slot.at.due_on for slot, _known_by, _lead in rows],
        "stages": [slot.at.stage for slot, _known_by, _lead in rows],
        "known_by": [known_by for _slot, known_by, _lead in rows],
        "missed": [lead for _slot, _known_by, lead in rows],
    }


def _leads_before(slot: Slot) -> Iterator[tuple[int, datetime]]:
    """A lead is the one to tell until the day of the next shorter one begins."""
    for lead, shorter in pairwise(slot.plan.leads):
        if lead > slot.at.stage:
            yield lead, at_local(slot.at.due_on - timedelta(days=shorter), time.min, slot.place.zone)


def _end(prompt_ids: list[int], now: datetime) -> None:
    """One that arrived counts as told; of one that did not, the later stage carries on."""
    if not prompt_ids:
        return
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
