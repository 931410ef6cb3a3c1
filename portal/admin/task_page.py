"""What the page of one task shows: until when, what was tried, how to reach the borrower, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.forms import Form
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import ContactPoint, User
from notifications.agent_tasks import tries, ways_to_reach
from notifications.calling import calling, kind_of
from notifications.capping import room_for
from notifications.caps import VOICE
from notifications.clock import Clock
from notifications.models import AgentTask
from notifications.report_day import day_to_name
from notifications.slots import working_days
from notifications.timing import local_day
from portal.admin.borrower_page import about_zone
from portal.admin.cells import moment_in, time_left
from portal.admin.reasons import rule_words
from portal.admin.task_meanwhile import meanwhile
from portal.admin.task_subject import subject_of, subject_words, with_subjects
from portal.admin.task_texts import read_texts
from portal.admin.timeline_told import task_subjects, task_title


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt that did not reach them. `at` is UTC."""

    at: datetime
    by: str


class Beside(NamedTuple):
    """Another task, in words, and who has it, if anybody."""

    task_id: int
    words: str
    whose: str


def deadline_there(task: AgentTask) -> str:
    """`act_by` on the borrower's clock."""
    return f"{moment_in(task.act_by, task.borrower.zone)} ({task.borrower.zone.key})"


def is_red(task: AgentTask, now: datetime) -> bool:
    """It is late, and something may be done about it: nobody is to be hurried into calling at night."""
    may_act = task.kind == AgentTask.Kind.STILL_WAITING or calling(task, Clock.at(now)).is_open
    return task.act_by < now and may_act


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
    asks_again: bool = False,
) -> dict[str, Any]:
    """The context of the page as `agent` sees it. `shown` are the contact points that they may read whole just now;
    `asks_again` that they have to say that they need them at this hour.
    """
    is_open = task.status == AgentTask.Status.OPEN
    with_subjects([task], now)
    subject, calls = subject_of(task), calling(task, Clock.at(now))
    may_be_worked = is_open and bool(subject.words) and (calls.is_open or task.may_be_answered_at_any_hour)
    return {
        "title": _title(task),
        "task": task,
        "subject": subject,
        "meanwhile": meanwhile(task),
        "beside": _beside(task, now) if is_open and task.tells else (),
        "what": task_title(task),
        "report_on": _report_on(task, now),
        "left": time_left(task.act_by, now),
        "is_late": is_open and is_red(task, now),
        "calls": calls,
        "calls_rule": rule_words(calls.rule),
        "cap": room_for(task.borrower, kind_of(task), VOICE, now=now) if is_open and task.tells else None,
        "zone": task.borrower.zone,
        "about_zone": about_zone(task.borrower, now),
        "local_time": timezone.localtime(now, task.borrower.zone),
        "asks_again": asks_again,
        "deadline": deadline_there(task),
        "provisional": provisional_year(task) if is_open else None,
        "points": ways_to_reach(task) if shown is None else shown,
        "are_whole": shown is not None,
        "tries": _tries(task),
        "texts": read_texts(task) if task.text_id else None,
        "is_open": is_open,
        "may_act": is_open and may_act,
        "is_mine": task.assignee_id in {None, agent.pk},
        "may_reveal": may_be_worked and may_act and task.assignee_id == agent.pk and shown is None,
        "form": form,
    }


def _beside(task: AgentTask, now: datetime) -> list[Beside]:
    """What else its borrower is to be told by a person, in the same call."""
    open_tasks = AgentTask.objects.open().filter(borrower=task.borrower_id, kind__in=AgentTask.TELLS)
    others = open_tasks.exclude(pk=task.pk).select_related("assignee", *task_subjects())
    found = with_subjects(list(others.order_by("act_by", "pk")), now)
    return [Beside(one.pk, subject_words(one), str(one.assignee or "")) for one in found]


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
