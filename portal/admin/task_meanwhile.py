"""What reached the borrower of a task after all: why nobody need call, or why whoever has it may finish it."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Q
from django.utils.translation import gettext as _

from notifications.models import Acknowledgement, AgentTask, Delivery, Prompt
from notifications.passed_by import STAGED
from portal.admin.timeline_told import about, about_named, channel_of, subjects


class Meanwhile(NamedTuple):
    """One thing that reached them, or that they said, at a moment in UTC: what it named, and how it came."""

    at: datetime
    words: str


def meanwhile(task: AgentTask) -> list[Meanwhile]:
    """By a message or an answer until the task was done, also of another stage since it began, the first first; three
    queries, none of a task about no prompt.
    """
    if task.prompt is None:
        return []
    own, others = Q(told_with=task.prompt_id) | Q(pk=task.prompt_id), _other_stages(task.prompt)
    rows = Prompt.objects.filter(own | others).values_list("pk", "told_with_id")
    leading, prompts = {leads or pk for pk, leads in rows}, {pk for pk, _leads in rows}
    arrived = Delivery.objects.filter(prompt__in=leading, status=Delivery.Status.DELIVERED).annotate(
        at=F("delivered_at")
    )
    answers = Acknowledgement.objects.filter(prompt__in=prompts).annotate(at=F("acknowledged_at"))
    theirs = Q(prompt=task.prompt_id) | Q(at__gte=task.created_at)
    while_open = theirs & Q(at__lte=task.done_at) if task.done_at else theirs
    related = subjects("prompt__")
    found = [
        Meanwhile(one.delivered_at, _("arrived: %s") % f"{channel_of(one)} · {about_named(one)}")
        for one in arrived.filter(while_open).select_related(*related)
        if one.delivered_at
    ]
    found += [
        Meanwhile(one.acknowledged_at, _("they know: %s") % f"{one.get_method_display()} · {about(one.prompt)}")
        for one in answers.filter(while_open).select_related(*related)
    ]
    return sorted(found)


def _other_stages(prompt: Prompt) -> Q:
    """Those that say the same of what it is about."""
    if prompt.kind not in STAGED:
        return Q(pk__in=())
    same = Q(installment=prompt.installment_id, kind=prompt.kind, version=prompt.version, voided_at=None)
    return same & Q(payment=None, dispute=None)
