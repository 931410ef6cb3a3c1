"""Ends the prompts whose message arrived and that need no further try: told is what the message named."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from notifications.events import about, record_all
from notifications.models import NoticeEvent, Prompt
from notifications.named import named_by_what_arrived

UNNAMED: Final = "its message arrived without naming it"


def end_told(leading_ids: Collection[int], *, now: datetime) -> None:
    """These and their companions are told. One that was held whenever they were told, so that nothing that arrived
    named it, is not: it is void, and its next stage tells it. A message of that kind stays told for the others.
    """
    live = Prompt.objects.live()
    if unnamed := _unnamed(leading_ids):
        these = live.filter(pk__in=[prompt.pk for prompt in unnamed])
        these.update(voided_at=now)
        these.exclude(told_with=None).update(status=Prompt.Status.CANCELLED, reason=UNNAMED)
        record_all((about(one, NoticeEvent.Kind.CANCELLED, reason=UNNAMED) for one in unnamed), at=now)
    live.bundles(leading_ids).update(status=Prompt.Status.TOLD, reason="")


def _unnamed(leading_ids: Collection[int]) -> Sequence[Prompt]:
    """Of those that are told together with others; a message for one names that one."""
    bundles = set(Prompt.objects.filter(told_with__in=leading_ids).values_list("told_with_id", flat=True))
    if not bundles:
        return []
    named = named_by_what_arrived(leading_ids)
    live = Prompt.objects.live().bundles(bundles).filter(voided_at=None).order_by("pk")
    return [one for one in live if (one.told_with_id or one.pk, one.installment_id) not in named]
