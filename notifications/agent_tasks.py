"""Agents take tasks and finish them. Each step is one conditional UPDATE: of two agents at once, one is told no."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.events import record
from notifications.models import AgentTask, NoticeEvent, Prompt


class TaskNotYoursError(Exception):
    """A task was not taken or finished, nothing was changed. The text is for the agent: who has it, or how it ended."""


def take(*, task_id: int, agent: User, over_from: int | None = None) -> AgentTask:
    """Assign the open task to `agent`; taking what one has already changes nothing.

    `over_from` is the id of the colleague from whom it is taken over, as the agent was shown. Raises TaskNotYoursError
    where the task is done or with anybody else, and AgentTask.DoesNotExist.
    """
    free = Q(assignee=None) | Q(assignee=agent)
    if over_from is not None:
        free |= Q(assignee=over_from)
    taken = AgentTask.objects.open().filter(free, pk=task_id).update(assignee=agent)
    task = _read(task_id)
    if not taken:
        raise TaskNotYoursError(_why_not(task))
    return task


@transaction.atomic
def finish(*, task_id: int, agent: User, outcome: str, note: str, now: datetime) -> AgentTask:
    """Close the task with what came of it. One that nobody has taken counts as taken by `agent`.

    Told in person: the prompt's ladder has ended and it counts as told. Raises ValueError for an unknown outcome,
    TaskNotYoursError where it is done or with a colleague, and AgentTask.DoesNotExist.
    """
    if outcome not in AgentTask.Outcome.values:
        raise ValueError(f"{outcome!r} is no outcome of task {task_id}.")
    mine = Q(assignee=None) | Q(assignee=agent)
    closed = (
        AgentTask.objects.open()
        .filter(mine, pk=task_id)
        .update(status=AgentTask.Status.DONE, outcome=outcome, note=note, assignee=agent, done_at=now)
    )
    task = _read(task_id)
    if not closed:
        raise TaskNotYoursError(_why_not(task))
    if outcome == AgentTask.Outcome.TOLD:
        escalated = Prompt.objects.filter(pk=task.prompt_id, status=Prompt.Status.ESCALATED)
        escalated.update(status=Prompt.Status.TOLD)
    record(
        NoticeEvent.Kind.TASK_DONE,
        borrower_id=task.borrower_id,
        at=now,
        installment_id=task.prompt.installment_id,
        prompt_id=task.prompt_id,
        actor_id=agent.pk,
        task=task.pk,
        outcome=outcome,
    )
    return task


def _read(task_id: int) -> AgentTask:
    return AgentTask.objects.select_related("assignee", "prompt").get(pk=task_id)


def _why_not(task: AgentTask) -> str:
    if task.status == AgentTask.Status.DONE:
        return _("This task is done already: %(outcome)s.") % {"outcome": task.get_outcome_display()}
    return _("%(agent)s has this task. Take it over from them if they cannot act.") % {"agent": task.assignee}
