"""Ends the prompts whose message arrived and that need no further try: told is what the message named."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from notifications.events import about, record_all
from notifications.ladder import BEFORE_THE_FIRST
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.named import named_by_what_arrived

UNNAMED: Final = "its message arrived without naming it"


def end_told(leading_ids: Collection[int], *, overtaken: bool = False, now: datetime) -> None:
    """These and their companions are told. One that was held whenever they were told, so that nothing that arrived
    named it, is not: a companion is told by itself, unless a later stage has `overtaken` it and tells it. One that led
    is void and carries the message of the others.
    """
    live = Prompt.objects.live()
    unnamed = _unnamed(leading_ids)
    if not overtaken:
        set_free([one for one in unnamed if one.told_with_id], now=now)
        unnamed = [one for one in unnamed if one.told_with_id is None]
    if unnamed:
        these = live.filter(pk__in=[prompt.pk for prompt in unnamed])
        these.update(voided_at=now)
        these.exclude(told_with=None).update(status=Prompt.Status.CANCELLED, reason=UNNAMED)
        record_all((about(one, NoticeEvent.Kind.CANCELLED, reason=UNNAMED) for one in unnamed), at=now)
    live.bundles(leading_ids).update(status=Prompt.Status.TOLD, reason="")


def set_free(these: Iterable[Prompt], *, now: datetime) -> None:
    """Let these be told by themselves, from the first rung on: the ladder that they stood on is over, and nobody was
    told of them. While they are held, so is their own ladder.
    """
    companions = list(these)
    if not companions:
        return
    waiting = Prompt.objects.filter(pk__in=[one.pk for one in companions], told_with__isnull=False)
    waiting.filter(status__in=[Prompt.Status.ACTIVE, Prompt.Status.ESCALATED]).update(
        told_with=None, status=Prompt.Status.ACTIVE, rung=BEFORE_THE_FIRST, look_again_at=now, reason=""
    )
    channel = Delivery.Channel.IN_APP
    Delivery.objects.bulk_create(
        [Delivery(prompt=one, channel=channel, next_attempt_at=now) for one in companions], ignore_conflicts=True
    )
    record_all((about(one, NoticeEvent.Kind.MOVED, channel=channel, why=UNNAMED) for one in companions), at=now)


def _unnamed(leading_ids: Collection[int]) -> list[Prompt]:
    """Of those that are told together with others; a message for one names that one."""
    bundles = set(Prompt.objects.filter(told_with__in=leading_ids).values_list("told_with_id", flat=True))
    if not bundles:
        return []
    named = named_by_what_arrived(leading_ids)
    live = Prompt.objects.live().bundles(bundles).filter(voided_at=None).order_by("pk")
    return [one for one in live if (one.told_with_id or one.pk, one.installment_id) not in named]
