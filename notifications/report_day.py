"""The first day on which what a prior notice announces may be reported: `stage` days after it is first told.

A message that lies in the portal begins no days, nor does one that is known to have reached nobody. From then on every
telling of the notice names the day that the first one named, whatever became of the borrower's time zone.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from notifications.models import AgentTask, Delivery, Prompt
from notifications.timing import local_day

_KIND = Prompt.Kind.PRIOR_NOTICE


def counted_from(moment: datetime, days: int, zone: ZoneInfo) -> date:
    """The day that a notice of so many `days` names if it is first told at `moment`."""
    return local_day(moment, zone) + timedelta(days=days)


def days_promised(prompt_ids: Collection[int]) -> dict[int, date]:
    """The day that each of these notices was told with, by a message or by a person; none for what was told to nobody.

    Two queries, none without ids.
    """
    if not prompt_ids:
        return {}
    told = Delivery.objects.filter(prompt__in=prompt_ids, prompt__kind=_KIND, sent_at__isnull=False)
    told = told.exclude(channel=Delivery.Channel.IN_APP).exclude(status=Delivery.Status.FAILED)
    named = told.exclude(facts__report_on=None).values_list("prompt", "facts__report_on")
    return _first([(pk, date.fromisoformat(day)) for pk, day in named] + _in_person(prompt_ids))


def _in_person(prompt_ids: Collection[int]) -> list[tuple[int, date]]:
    done = AgentTask.objects.filter(prompt__in=prompt_ids, prompt__kind=_KIND, outcome=AgentTask.Outcome.TOLD)
    return [
        (task.prompt_id, counted_from(task.done_at, task.prompt.stage, task.borrower.zone))
        for task in done.select_related("prompt", "borrower")
        if task.prompt_id and task.prompt and task.done_at
    ]


def _first(named: Iterable[tuple[int, date]]) -> dict[int, date]:
    """The earliest of each: what came later named no earlier one."""
    found: dict[int, date] = {}
    for pk, day in named:
        found[pk] = min(day, found.get(pk, day))
    return found


def day_to_name(prompt: Prompt, now: datetime) -> date | None:
    """What a person who tells this prompt `now` names; None where it announces no report."""
    if prompt.kind != _KIND:
        return None
    return days_promised([prompt.pk]).get(prompt.pk) or counted_from(now, prompt.stage, prompt.borrower.zone)
