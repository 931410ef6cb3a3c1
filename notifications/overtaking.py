"""Stages that a later one overtakes: what nobody was told is on record as skipped, and nobody gets two in a burst."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Least

from notifications import planning_statements
from notifications.bundles import still_needed
from notifications.cancellation import cancel_unsent
from notifications.ending_told import end_told
from notifications.events import about, record_all
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.passed_by import OVERTAKEN
from notifications.slots import Slot

BATCH: Final = 2000
"""Prompts that are ended together: read as objects, a million would not fit."""


def find_overtaken(kind: str, slots: Collection[Slot], *, unsent: bool) -> list[int]:
    """The prompts of earlier stages of what is about to be written (`planning_prompt` holds it): those whose ladder
    still runs and, where there are any (`planning_unsent` holds them), those whose message still waits.
    """
    with connection.cursor() as cursor:
        cursor.execute(planning_statements.OVERTAKEN, {"kind": kind, "firsts": _firsts(kind, slots)})
        overtaken = [row[0] for row in cursor.fetchall()]
        if unsent:
            cursor.execute(planning_statements.OVERTAKEN_UNSENT, {"kind": kind})
            overtaken += [row[0] for row in cursor.fetchall()]
    return overtaken


def end_overtaken(prompt_ids: Sequence[int], *, now: datetime, reason: str = OVERTAKEN) -> None:
    """End their ladders and take back what of them still waits. Run it in the transaction of the planning, or of
    whoever else has found that time has passed them by.
    """
    for first in range(0, len(prompt_ids), BATCH):
        _end(prompt_ids[first : first + BATCH], now, reason)


def _firsts(kind: str, slots: Collection[Slot]) -> list[int]:
    """The stages before which no plan has another."""
    plans = {slot.plan for slot in slots}
    if kind == Prompt.Kind.UPCOMING:
        return [max(plan.leads) for plan in plans] if len(plans) == 1 else []
    return [min(plan.stages) for plan in plans] if len(plans) == 1 else []


def _end(prompt_ids: Sequence[int], now: datetime, why: str) -> None:
    """One that arrived counts as told; of one that did not, the later stage carries on. What of either still waits is
    taken back. A message that another installment still needs goes on without these.
    """
    rows, ids = _lock_bundles(prompt_ids), set(prompt_ids)
    overtaken = [row for row in rows if row.pk in ids and row.voided_at is None]
    leading = {_leads(row) for row in rows}
    going_on = {_leads(row) for row in rows if row.pk not in ids and still_needed(row)}
    told = Delivery.objects.filter(prompt__in=leading)
    handed_over = _prompts_of(told.filter(sent_at__isnull=False).exclude(channel=Delivery.Channel.IN_APP))
    arrived = _prompts_of(told.filter(status=Delivery.Status.DELIVERED))
    end_told(arrived, overtaken=True, now=now)
    Prompt.objects.live().bundles(leading - going_on - arrived).update(
        status=Prompt.Status.CANCELLED, reason=why, look_again_at=Least("look_again_at", Value(now))
    )
    _leave_out([row for row in overtaken if _leads(row) in going_on], now)
    cancel_unsent(sorted(leading - going_on), reason=why, now=now)
    skipped, cancelled = NoticeEvent.Kind.SKIPPED, NoticeEvent.Kind.CANCELLED
    facts = (
        about(row, cancelled if _leads(row) in handed_over else skipped, stage=row.stage, reason=why)
        for row in overtaken
        if row.status == Prompt.Status.ACTIVE and _leads(row) not in arrived
    )
    record_all(facts, at=now)


def _lock_bundles(prompt_ids: Sequence[int]) -> list[Prompt]:
    """These prompts and all that are told together with them."""
    pairs = Prompt.objects.filter(pk__in=prompt_ids).values_list("pk", "told_with_id")
    bundles = Prompt.objects.bundles({leads or pk for pk, leads in pairs}).select_related("installment")
    return list(bundles.order_by("pk").select_for_update(of=("self",), no_key=True))


def _leads(prompt: Prompt) -> int:
    return prompt.told_with_id or prompt.pk


def _prompts_of(deliveries: "QuerySet[Delivery]") -> set[int]:
    return set(deliveries.values_list("prompt_id", flat=True))


def _leave_out(prompts: Sequence[Prompt], now: datetime) -> None:
    """A message goes on without these; one that leads carries it on for the others."""
    if prompts:
        these = Prompt.objects.filter(pk__in=[prompt.pk for prompt in prompts])
        these.update(voided_at=now)
        these.live().exclude(told_with=None).update(status=Prompt.Status.CANCELLED, reason=OVERTAKEN)
