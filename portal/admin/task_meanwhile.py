"""What reached the borrower of a task after all: why nobody need call, or why whoever has it may finish it."""

from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from notifications.models import Acknowledgement, AgentTask, Delivery, Prompt
from portal.admin.timeline_told import about, about_named, channel_of, subjects


class Meanwhile(NamedTuple):
    """One thing that reached them, or that they said, at a moment in UTC: what it named, and how it came."""

    at: datetime
    words: str


def meanwhile(task: AgentTask) -> list[Meanwhile]:
    """By message or answer until the task was done, the first first; two queries, none of a task about no prompt."""
    if task.prompt_id is None:
        return []
    arrived = Delivery.objects.filter(prompt=task.prompt_id, status=Delivery.Status.DELIVERED)
    answers = Acknowledgement.objects.filter(prompt__in=Prompt.objects.bundles([task.prompt_id]))
    if task.done_at:
        arrived, answers = (
            arrived.filter(delivered_at__lte=task.done_at),
            answers.filter(acknowledged_at__lte=task.done_at),
        )
    related = subjects("prompt__")
    found = [
        Meanwhile(one.delivered_at, _("arrived: %s") % f"{channel_of(one)} · {about_named(one)}")
        for one in arrived.select_related(*related)
        if one.delivered_at
    ]
    found += [
        Meanwhile(one.acknowledged_at, _("they know: %s") % f"{one.get_method_display()} · {about(one.prompt)}")
        for one in answers.select_related(*related)
    ]
    return sorted(found)
