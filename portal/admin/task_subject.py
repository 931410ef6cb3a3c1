"""What a task is about, in words: of a prompt, all that is to be told, and what of it is not to be told now."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loans.models import Installment
from notifications.models import AgentTask, Prompt
from notifications.to_tell import UNREAD, ToTell, tellable, what_to_tell
from portal.admin.cells import installment_label, money, withdrawn_label
from portal.admin.timeline_told import about, about_task, subjects, task_title

_HELD_BY: Final[dict[str, Promise]] = {
    "paid": _("paid at the platform, awaiting the bank"),
    "disputed": _("disputed"),
    "outage": _("an outage of a firm"),
    "in_doubt": _("a booking that cannot be true"),
    UNREAD: _("what a firm has sent is not applied yet"),
}
_TOLD: Final = (Prompt.Status.TOLD, Prompt.Status.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Subject:
    """`words` name each thing that is to be told, or was; `held` what is not to be told now, each with the reason.
    `prompts` are the ids of what is to be told now; of an alarm's task `version` says with which figures.
    """

    words: list[str]
    held: list[str] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)
    version: int | None = None


def with_subjects(tasks: list[AgentTask], now: datetime) -> list[AgentTask]:
    """The same tasks, about which `subject_of` can be asked. At most six statements, however many they are."""
    told = _told([task for task in tasks if task.status == AgentTask.Status.DONE])
    to_tell = what_to_tell([task for task in tasks if task.status == AgentTask.Status.OPEN], now=now)
    for task in tasks:
        if task.pk in to_tell:
            subject = _to_tell(task.prompt, to_tell[task.pk])
        else:
            subject = Subject(told.get(task.pk) or [about_task(task)])
        vars(task)["subject"] = subject
    return tasks


def subject_of(task: AgentTask) -> Subject:
    """Of a task that `with_subjects` has met."""
    subject: Subject = vars(task)["subject"]
    return subject


def subject_words(task: AgentTask) -> str:
    """The same in a line: "Payment coming up · LN-00017 no. 3, ¥100.00 due 3 Dec; LN-00018 no. 1, …"."""
    words = "; ".join(subject_of(task).words) or gettext("nothing to tell now")
    return f"{task_title(task)} · {words}"


def _to_tell(leading: Prompt | None, named: Sequence[ToTell]) -> Subject:
    news = about(leading) if leading and leading.kind not in Prompt.OF_FIGURES else ""
    free = tellable(named)
    held = [f"{_label(news, one)}: {_HELD_BY[one.held_by]}" for one in named if one.held_by]
    words, prompts = [_label(news, one) for one in free], [one.prompt_id for one in free if one.prompt_id]
    version = free[0].installment.version if leading is None and free and free[0].installment else None
    return Subject(words, held, prompts, version)


def _label(news: str, one: ToTell) -> str:
    row, label = one.installment, withdrawn_label if one.withdrawn else installment_label
    owed = label(row, row.loan) if row else ""
    return " · ".join(filter(None, [news, owed, _on_way(row, one.on_way) if row and one.on_way else ""]))


def _on_way(row: Installment, on_way: Decimal) -> str:
    figures = {
        "on_way": money(on_way, row.loan.currency),
        "to_pay": money(row.outstanding - on_way, row.loan.currency),
    }
    return gettext("of this %(on_way)s is on its way to the bank: %(to_pay)s is left to pay") % figures


def _told(done: Sequence[AgentTask]) -> dict[int, list[str]]:
    """Of tasks that are done, by their ids: what was told in person, or came to nothing."""
    bundles: dict[int, list[Prompt]] = {task.prompt_id: [] for task in done if task.prompt_id}
    if bundles:
        for prompt in Prompt.objects.bundles(bundles).select_related(*subjects()).order_by("pk"):
            bundles[prompt.told_with_id or prompt.pk].append(prompt)
    return {task.pk: _names(task, bundles[task.prompt_id]) for task in done if task.prompt_id}


def _names(task: AgentTask, bundle: Sequence[Prompt]) -> list[str]:
    was_told = task.outcome == AgentTask.Outcome.TOLD
    return [about(prompt) for prompt in bundle if not was_told or prompt.status in _TOLD]
