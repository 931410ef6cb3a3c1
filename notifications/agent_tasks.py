"""Agents take tasks and finish them. Each step is one conditional UPDATE: of two agents at once, one is told no."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from accounts.models import Consent, ContactPoint, User
from loans.waiting import stop_waiting
from notifications.cancellation import cancel_waiting
from notifications.ending_told import set_free
from notifications.events import Fact, about, record_all
from notifications.models import AgentTask, NoticeEvent, Prompt
from notifications.needed import held_companions
from notifications.preferences import stop_machines
from notifications.reach import firms_of
from notifications.resending import resend_where_mended

Kind = NoticeEvent.Kind
_TRIED: Final = (AgentTask.Outcome.NOT_REACHED, AgentTask.Outcome.CONTACT_MENDED)
"""What leaves the task open, as long as there is time."""
TOLD_IN_PERSON: Final = "told in person"


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
def finish(
    *, task_id: int, agent: User, outcome: str, note: str, now: datetime, text_id: int | None = None
) -> AgentTask:
    """Close the task with what came of it, the note below earlier ones. One that nobody has taken counts as taken by
    `agent`.

    Told in person: the prompt's ladder has ended and it counts as told, with all that its message names. Tried and not
    reached: the task stays open until `act_by`, so that somebody tries again. Contact mended: likewise, and the message
    is sent to where it leads now. Ask again: the installment is owed once more. Opted out: SMS and calls by machine are
    switched off. `text_id` is the latest message that the agent was shown, of a task about what somebody wrote.

    Raises ValueError for an outcome that is none of its kind, TaskNotYoursError where it is done, with a colleague or
    about a later message too, CannotResendError where the mended contact leads nowhere, and AgentTask.DoesNotExist.
    The caller wakes the senders on commit.
    """
    if outcome not in _read(task_id).outcomes:
        raise ValueError(f"{outcome!r} is no outcome of task {task_id}.")
    mine = AgentTask.objects.open().filter(Q(assignee=None) | Q(assignee=agent), pk=task_id, text=text_id)
    written = _below(note)
    if outcome in _TRIED and mine.filter(act_by__gt=now).update(note=written, assignee=agent):
        if outcome == AgentTask.Outcome.CONTACT_MENDED:
            _send_again(_read(task_id), agent, now)
        return _recorded(Kind.TRIED, _read(task_id), agent, now, outcome=outcome)
    done = AgentTask.Status.DONE
    closed = mine.update(status=done, outcome=outcome, note=written, assignee=agent, done_at=now)
    task = _read(task_id)
    if not closed:
        raise TaskNotYoursError(_why_not_finished(task, agent))
    if outcome == AgentTask.Outcome.ASK_AGAIN and task.installment_id is not None:
        stop_waiting(task.installment_id, now=now)
    if outcome == AgentTask.Outcome.TOLD and task.prompt_id is not None:
        _end_as_told(task.prompt_id, now)
    if outcome == AgentTask.Outcome.CONTACT_MENDED:
        _send_again(task, agent, now)
    if outcome == AgentTask.Outcome.OPTED_OUT:
        stop_machines(task.borrower, now=now, source=Consent.Source.AGENT, actor_id=agent.pk)
    return _recorded(Kind.TEXT_READ if task.text_id else Kind.TASK_DONE, task, agent, now, outcome=outcome)


def _send_again(task: AgentTask, agent: User, now: datetime) -> None:
    if task.prompt_id is not None:
        resend_where_mended(prompt_id=task.prompt_id, since=task.created_at, agent=agent, now=now)


def _end_as_told(leading_id: int, now: datetime) -> None:
    """With those told together with it: the person spoke of them all, but not of what must not be demanded just now.
    What a cap or a halt holds is taken back.
    """
    escalated = Prompt.objects.bundles([leading_id]).filter(status=Prompt.Status.ESCALATED)
    set_free(escalated.filter(pk__in=held_companions(leading_id, now=now)), now=now)
    escalated.filter(voided_at=None).update(status=Prompt.Status.TOLD)
    # One that is void and only carried the message for the others.
    escalated.update(status=Prompt.Status.CANCELLED, reason=TOLD_IN_PERSON)
    cancel_waiting([leading_id], reason=TOLD_IN_PERSON, now=now)


@transaction.atomic
def reveal(*, task_id: int, agent: User, now: datetime) -> Sequence[ContactPoint]:
    """The borrower's live contact points for `agent`, who has taken the open task, to be shown whole; each time is on
    record.

    Raises TaskNotYoursError where the task is done, nobody's or a colleague's, and AgentTask.DoesNotExist.
    """
    held = AgentTask.objects.open().filter(pk=task_id, assignee=agent).select_for_update(no_key=True)
    task = _read(task_id)
    if not held.exists():
        raise TaskNotYoursError(_why_not(task))
    _recorded(Kind.REVEALED, task, agent, now)
    return list(ways_to_reach(task))


def ways_to_reach(task: AgentTask) -> "QuerySet[ContactPoint]":
    """What a person can call or write to about this task, the phone first."""
    loan = task.prompt.loan if task.prompt else task.installment.loan if task.installment else None
    points = ContactPoint.objects.live().filter(user=task.borrower_id)
    spoken_to = points.filter(kind__in=[ContactPoint.Kind.PHONE, ContactPoint.Kind.EMAIL]).order_by("-kind")
    return spoken_to.telling_of_loans_of(firms_of(loan)) if loan else spoken_to


def tries(task: AgentTask) -> "QuerySet[NoticeEvent]":
    """When somebody tried to reach the borrower of this task and did not, the first time first."""
    return NoticeEvent.objects.filter(borrower=task.borrower_id, kind=Kind.TRIED, data__task=task.pk).order_by("pk")


def _below(note: str) -> Combinable:
    """What was noted before stays, and this comes below it."""
    text = TextField()
    added = Concat(F("note"), Value(f"\n{note}"), output_field=text)
    return Case(When(note="", then=Value(note, text)), default=added, output_field=text)


def _recorded(kind: NoticeEvent.Kind, task: AgentTask, agent: User, now: datetime, **data: Any) -> AgentTask:
    record_all([_fact(task, kind, agent, {"task": task.pk, **data})], at=now)
    return task


def _fact(task: AgentTask, kind: NoticeEvent.Kind, agent: User, data: dict[str, Any]) -> Fact:
    if task.prompt:
        return about(task.prompt, kind, actor_id=agent.pk, **data)
    whose, what = task.borrower_id, task.installment_id
    return Fact(kind=kind, borrower_id=whose, installment_id=what, actor_id=agent.pk, data=data)


def _read(task_id: int) -> AgentTask:
    return AgentTask.objects.select_related("assignee", "prompt", "borrower").get(pk=task_id)


def _why_not_finished(task: AgentTask, agent: User) -> str:
    if task.status == AgentTask.Status.OPEN and task.assignee_id in {None, agent.pk}:
        return _("They wrote again meanwhile. Read that, too, before you finish this.")
    return _why_not(task)


def _why_not(task: AgentTask) -> str:
    if task.status == AgentTask.Status.DONE:
        return _("This task is done already: %(outcome)s.") % {"outcome": task.get_outcome_display()}
    if task.assignee is None:
        return _("Nobody has this task yet. Take it first.")
    return _("%(agent)s has this task. Take it over from them if they cannot act.") % {"agent": task.assignee}
