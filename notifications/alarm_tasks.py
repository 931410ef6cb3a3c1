"""An alarm about somebody whom nobody tells becomes a task: whoever is to call them has a number, and what came of it
is on record.

Such a task is about the installment and not about a prompt: there may be none, or its own task may be done.
"""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from loans.models import Installment
from notifications.agent_tasks import TaskNotYoursError, take
from notifications.clock import Clock
from notifications.events import Fact, record_all
from notifications.models import AgentTask, Alarm, NoticeEvent, Prompt
from notifications.time_to_act import time_to_tell
from notifications.to_tell import leading_of
from notifications.told_since import told_since

REASONS: Final = {
    Alarm.Kind.COVERAGE: "nobody was telling them before the due date",
    Alarm.Kind.UNTOLD: "fell overdue untold",
}
"""By the kinds of alarm that are about a borrower who is to be called."""
_TOLD: Final = (Prompt.Status.TOLD, Prompt.Status.ACKNOWLEDGED)


class NothingToTellError(Exception):
    """No task was made. The text is for the agent."""


@transaction.atomic
def take_up(*, alarm_id: int, agent: User, now: datetime) -> AgentTask:
    """The open task about the installment of this alarm, with `agent`: the one that there is, else a new one.

    What other alarms say of its borrower becomes tasks of the same agent, since it is told in the same call.

    Raises NothingToTellError where the alarm is closed, about nobody, about what is not owed any more or about figures
    that hold no more, or where these were told since; and TaskNotYoursError where a colleague has the task, or one in
    which they call the same person, or is to have it, since the loan is the agent's own.
    """
    row = _row_of(_open_alarm(alarm_id))
    # Of two agents at once the second one waits here, and finds the tasks of the first.
    User.objects.select_for_update(no_key=True).get(pk=row.loan.borrower_id)
    alarm = _open_alarm(alarm_id)
    row = _row_of(alarm)
    _refuse(alarm, row, agent)
    task = _take(alarm, row, agent, now)
    for other in Alarm.objects.open().filter(borrower=row.loan.borrower_id, kind__in=REASONS).order_by("pk"):
        also = _row_of(other)
        is_theirs = also.loan.borrower_id == row.loan.borrower_id
        if is_theirs and _is_to_be_told(other, also) and who_told(also) is None:
            _take(other, also, agent, now)
    return task


def _open_alarm(alarm_id: int) -> Alarm:
    alarm = Alarm.objects.open().filter(pk=alarm_id, kind__in=REASONS).first()
    if alarm is None:
        raise _nothing_to_tell()
    return alarm


def _row_of(alarm: Alarm) -> Installment:
    return Installment.objects.select_related("loan__borrower").get(pk=_about(alarm))


def _refuse(alarm: Alarm, row: Installment, agent: User) -> None:
    if row.loan.borrower_id == agent.pk:
        raise TaskNotYoursError(_("This is about a loan of your own: a colleague tells it."))
    if done := who_told(row):
        said = {"agent": done.assignee, "task": done.pk}
        raise NothingToTellError(_("%(agent)s has told them already: see task %(task)d.") % said)
    if not _is_to_be_told(alarm, row):
        raise _nothing_to_tell()
    calls = AgentTask.objects.open().filter(borrower=row.loan.borrower_id, kind__in=AgentTask.TELLS)
    colleagues = calls.exclude(assignee=None).exclude(assignee=agent).exclude(pk=_open_task(row) or 0)
    if other := colleagues.select_related("assignee").first():
        said = {"agent": other.assignee, "task": other.pk}
        raise TaskNotYoursError(_("%(agent)s is about to call them: see task %(task)d.") % said)


def _is_to_be_told(alarm: Alarm, row: Installment) -> bool:
    """Whether it is still owed as the alarm has it, and nothing told it since."""
    _kind, _id, *version = alarm.subject.split(":")
    as_then = row.version == int(version[0]) if version else row.due_on == alarm.due_on
    is_open = row.state == Installment.State.OPEN
    return is_open and as_then and not told_since(row.pk, alarm.opened_at)


def _take(alarm: Alarm, row: Installment, agent: User, now: datetime) -> AgentTask:
    return take(task_id=_open_task(row) or _make(row, alarm, Clock.at(now)).pk, agent=agent)


def _nothing_to_tell() -> NothingToTellError:
    words = _("There is nothing to tell any more: it is paid, changed or told since, or the alarm is closed.")
    return NothingToTellError(words)


def _about(alarm: Alarm) -> int:
    """The id of its installment: "installment:17", "untold:17:1"."""
    return int(alarm.subject.split(":")[1])


def _open_task(row: Installment) -> int | None:
    open_tasks = AgentTask.objects.open()
    own = open_tasks.filter(installment=row, kind=AgentTask.Kind.UNTOLD)
    of_prompts = open_tasks.filter(prompt__in=leading_of(row), kind=AgentTask.Kind.UNREACHABLE).order_by("-pk")
    return own.values_list("pk", flat=True).first() or of_prompts.values_list("pk", flat=True).first()


def who_told(row: Installment) -> AgentTask | None:
    """The task in which a person told the figures of this installment that hold now; the latest."""
    told = AgentTask.objects.filter(outcome=AgentTask.Outcome.TOLD).select_related("assignee")
    of_these = Q(prompt__in=leading_of(row, statuses=_TOLD)) | Q(installment=row, version=row.version)
    return told.filter(of_these).order_by("-done_at").first()


def tasks_about(alarm: Alarm) -> "QuerySet[AgentTask]":
    """What persons were to tell of its installment so far, the latest first."""
    prompts = Prompt.objects.about_installments([_about(alarm)]).values_list("pk", "told_with_id")
    came_back = Prompt.objects.filter(payment__installment=_about(alarm), kind=Prompt.Kind.PAYMENT_RETURNED)
    leading = {leads or pk for pk, leads in prompts} | set(came_back.values_list("pk", flat=True))
    tasks = AgentTask.objects.filter(kind__in=AgentTask.TELLS).select_related("assignee")
    return tasks.filter(Q(prompt__in=leading) | Q(installment=_about(alarm))).order_by("-pk")


def _make(row: Installment, alarm: Alarm, clock: Clock) -> AgentTask:
    borrower, reason = row.loan.borrower, REASONS[Alarm.Kind(alarm.kind)]
    task = AgentTask.objects.create(
        borrower=borrower,
        installment=row,
        kind=AgentTask.Kind.UNTOLD,
        reason=reason,
        act_by=time_to_tell(row, borrower, clock),
        created_at=clock.now,
    )
    data = {"task": task.pk, "why": reason, "kind": AgentTask.Kind.UNTOLD.value, "alarm": alarm.pk}
    kind = NoticeEvent.Kind.ESCALATED
    record_all([Fact(kind=kind, borrower_id=borrower.pk, installment_id=row.pk, data=data)], at=clock.now)
    return task
