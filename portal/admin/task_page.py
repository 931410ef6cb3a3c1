"""What the page of one task shows: until when, what was tried, how to reach the borrower, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.forms import Form
from django.utils.translation import gettext

from accounts.models import ContactPoint, User
from notifications.agent_tasks import tries, ways_to_reach
from notifications.models import AgentTask
from notifications.report_day import day_to_name
from notifications.slots import working_days
from notifications.timing import local_day
from portal.admin.cells import moment_in, time_left
from portal.admin.task_texts import read_texts
from portal.admin.timeline_told import about_task, task_title


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt that did not reach them. `at` is UTC."""

    at: datetime
    by: str


def deadline_there(task: AgentTask) -> str:
    """`act_by` on the borrower's clock."""
    return f"{moment_in(task.act_by, task.borrower.zone)} ({task.borrower.zone.key})"


def provisional_year(task: AgentTask) -> int | None:
    """The year in which it is to be acted, where its holidays are not decreed yet: a working day of it may be none."""
    borrower = task.borrower
    day = local_day(task.act_by, borrower.zone)
    return None if working_days(borrower.jurisdiction, borrower.zone).is_decreed(day) else day.year


def task_page(
    task: AgentTask,
    agent: User,
    form: Form,
    *,
    now: datetime,
    may_act: bool,
    shown: Sequence[ContactPoint] | None = None,
) -> dict[str, Any]:
    """The context of the page as `agent` sees it. `shown` are the contact points that they may read whole just now."""
    is_open = task.status == AgentTask.Status.OPEN
    return {
        "title": _title(task),
        "task": task,
        "about": about_task(task),
        "what": task_title(task),
        "report_on": _report_on(task, now),
        "left": time_left(task.act_by, now),
        "is_late": is_open and task.act_by < now,
        "deadline": deadline_there(task),
        "provisional": provisional_year(task) if is_open else None,
        "points": ways_to_reach(task) if shown is None else shown,
        "are_whole": shown is not None,
        "tries": _tries(task),
        "texts": read_texts(task) if task.text_id else None,
        "is_open": is_open,
        "may_act": is_open and may_act,
        "is_mine": task.assignee_id in {None, agent.pk},
        "may_reveal": is_open and may_act and task.assignee_id == agent.pk and shown is None,
        "form": form,
    }


def _title(task: AgentTask) -> str:
    if task.kind == AgentTask.Kind.STILL_WAITING:
        return gettext("Find out where the payment of %s is") % task.borrower
    if task.kind == AgentTask.Kind.WRITTEN:
        return gettext("Read what %s wrote") % task.borrower
    return gettext("Tell %s in person") % task.borrower


def _report_on(task: AgentTask, now: datetime) -> date | None:
    """The first day of a report, which whoever tells a notice before it names, or named."""
    tells = task.outcome in {"", AgentTask.Outcome.TOLD}
    return day_to_name(task.prompt, task.done_at or now) if task.prompt and tells else None


def _tries(task: AgentTask) -> list[Try]:
    events = list(tries(task))
    agents = User.objects.in_bulk({event.actor_id for event in events})
    return [Try(event.at, str(agents.get(event.actor_id or 0, ""))) for event in events]
