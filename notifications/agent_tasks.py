"""Agents take tasks and finish them. Each step is one conditional UPDATE: of two agents at once, one is told no."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from accounts.models import Consent, ContactPoint, User
from loans.waiting import stop_waiting
from notifications.calling import calling
from notifications.clock import Clock
from notifications.events import Fact, about, record_all
from notifications.models import AgentTask, NoticeEvent
from notifications.preferences import stop_machines
from notifications.reach import firms_of
from notifications.resending import resend_where_mended
from notifications.to_tell import tellable, what_to_tell
from notifications.told_in_person import OtherFiguresError, end_as_told

Kind = NoticeEvent.Kind
_TRIED: Final = (AgentTask.Outcome.NOT_REACHED, AgentTask.Outcome.CONTACT_MENDED)
"""What leaves the task open, as long as there is time."""
AT_ODD_HOUR: Final = "outside of contact hours, since they wrote"


class TaskNotYoursError(Exception):
    """A task was not taken or finished, nothing was changed. The text is for the agent: who has it, or how it ended."""


class OutsideHoursError(TaskNotYoursError):
    """Its borrower must not be called now. The text is for the agent."""


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


def give_back(agent: User) -> int:
    """Make the open tasks of somebody who does not work on them any more nobody's again; returns how many. Else they
    would go on to count as a person on the case.
    """
    return AgentTask.objects.open().filter(assignee=agent).update(assignee=None)


@transaction.atomic
def finish(
    *,
    task_id: int,
    agent: User,
    outcome: str,
    note: str,
    now: datetime,
    text_id: int | None = None,
    told: Collection[int] | None = None,
    version: int | None = None,
    tried: int | None = None,
) -> AgentTask:
    """Close the task with what came of it, the note below earlier ones. One that nobody has taken counts as taken by
    `agent`.

    Told in person: the prompts that the agent was shown to tell (`told`, by id), or the `version` of the installment of
    an alarm's task, count as told; where they are not given, what may be told now. Tried and not reached: the task
    stays open until `act_by`, so that somebody tries again. Contact mended: likewise, and the message is sent to where
    it leads now (`sent_again`). Ask again: the installment is owed once more. Opted out: SMS and calls by machine are
    switched off. `text_id` is the latest message that the agent was shown, of a task about what somebody wrote; `tried`
    is how many tries they were shown, so that one try is not written down twice.

    Raises ValueError for an outcome that is none of its kind, TaskNotYoursError where it is done, with a colleague,
    about a later message too, or told of nothing that was to be told or of figures that hold no more, CannotResendError
    where the mended contact leads nowhere, and AgentTask.DoesNotExist. The caller wakes the senders on commit.
    """
    if outcome not in _read(task_id).outcomes:
        raise ValueError(f"{outcome!r} is no outcome of task {task_id}.")
    mine = AgentTask.objects.open().filter(Q(assignee=None) | Q(assignee=agent), pk=task_id, text=text_id)
    written = _below(note)
    if outcome in _TRIED and mine.filter(act_by__gt=now).update(note=written, assignee=agent):
        return _tried(_read(task_id), agent, outcome, tried, now)
    done = AgentTask.Status.DONE
    closed = mine.update(status=done, outcome=outcome, note=written, assignee=agent, done_at=now)
    task = _read(task_id)
    if not closed:
        raise TaskNotYoursError(_why_not_finished(task, agent))
    if outcome == AgentTask.Outcome.ASK_AGAIN and task.installment_id is not None:
        stop_waiting(task.installment_id, now=now)
    if outcome == AgentTask.Outcome.TOLD:
        return _told(task, agent, told, version, now)
    if outcome == AgentTask.Outcome.CONTACT_MENDED:
        _send_again(task, agent, now)
    if outcome == AgentTask.Outcome.OPTED_OUT:
        stop_machines(task.borrower, now=now, source=Consent.Source.AGENT, actor_id=agent.pk)
    return _recorded(Kind.TEXT_READ if task.text_id else Kind.TASK_DONE, task, agent, now, outcome=outcome)


def _told(task: AgentTask, agent: User, shown: Collection[int] | None, version: int | None, now: datetime) -> AgentTask:
    try:
        if not end_as_told(task, agent, shown, version, now=now):
            raise _nothing_to_tell()
    except OtherFiguresError as other:
        raise TaskNotYoursError(_("The figures have changed since you opened this. Look at the task again.")) from other
    return task


def _tried(task: AgentTask, agent: User, outcome: str, shown: int | None, now: datetime) -> AgentTask:
    """Under the lock of the task's row, so that of two presses at once the second sees the first."""
    if shown is not None and tries(task).count() != shown:
        raise TaskNotYoursError(_("A try has been written down since you opened this. Look at the task again."))
    if outcome == AgentTask.Outcome.CONTACT_MENDED:
        _send_again(task, agent, now)
    return _recorded(Kind.TRIED, task, agent, now, outcome=outcome)


def _send_again(task: AgentTask, agent: User, now: datetime) -> None:
    if task.prompt_id is not None:
        task.sent_again = resend_where_mended(prompt_id=task.prompt_id, since=task.created_at, agent=agent, now=now)


def _nothing_to_tell() -> TaskNotYoursError:
    return TaskNotYoursError(_("Nothing of this may be told just now. Look at the task again."))


@transaction.atomic
def reveal(*, task_id: int, agent: User, now: datetime, at_odd_hour: bool = False) -> Sequence[ContactPoint]:
    """The borrower's live contact points for `agent`, who has taken the open task, to be shown whole; each time is on
    record.

    Outside of contact hours (OutsideHoursError) only to answer what they wrote, where the agent says so: `at_odd_hour`.
    Raises TaskNotYoursError where the task is done, nobody's or a colleague's, or there is nothing to tell now, and
    AgentTask.DoesNotExist.
    """
    held = AgentTask.objects.open().filter(pk=task_id, assignee=agent).select_for_update(no_key=True)
    task = _read(task_id)
    if not held.exists():
        raise TaskNotYoursError(_why_not(task))
    if task.tells and not tellable(what_to_tell([task], now=now)[task.pk]):
        raise _nothing_to_tell()
    if calling(task, Clock.at(now)).is_open:
        _recorded(Kind.REVEALED, task, agent, now)
    elif at_odd_hour and task.may_be_answered_at_any_hour:
        _recorded(Kind.REVEALED, task, agent, now, why=AT_ODD_HOUR)
    else:
        raise OutsideHoursError(_("It is outside of contact hours where they are: no number is shown."))
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
