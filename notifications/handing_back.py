"""What a firm that reached nobody hands back: the portal sends at once, the other firm is not waited for.

Of a stage whose day is still to come, as that of the morning after a decision, at once is when that day begins.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, time, timedelta

from django.db import connection

from notifications import duty_statements
from notifications.clock import Clock
from notifications.models import Duty, Prompt
from notifications.taking_over import record_and_tell
from notifications.timing import at_local, lawful_moment, local_day


def send_now(duty_ids: Collection[int], now: datetime) -> None:
    """Take these over, with all that is told together with them, and let their messages go out at once. They are
    locked.
    """
    if not duty_ids:
        return
    prompts = Prompt.objects.bundles(leading_of(duty_ids)).select_related("installment", "borrower")
    ids: list[int] = []
    for at, these in moments(prompts, now).items():
        of_these = list(Duty.objects.waiting().filter(prompt__in=these).values_list("pk", flat=True))
        taken = Duty.objects.waiting().filter(pk__in=of_these)
        taken.update(status=Duty.Status.TAKEN_OVER, settled_at=now, due_at=now, portal_at=at)
        with connection.cursor() as cursor:
            cursor.execute(duty_statements.SEND_NOW, {"prompts": these, "at": at})
        ids += of_these
    rows = Duty.objects.filter(pk__in=ids, status=Duty.Status.TAKEN_OVER)
    record_and_tell(list(rows.select_related("prompt", "responsible", "backup", "telling").order_by("pk")), now)


def moments(prompts: Iterable[Prompt], now: datetime) -> dict[datetime, list[int]]:
    """When the portal sends these, with installment and borrower, that are handed back at `now`: ids by moment, UTC."""
    found: dict[datetime, list[int]] = defaultdict(list)
    for prompt in prompts:
        found[_soonest(prompt, now)].append(prompt.pk)
    return found


def _soonest(prompt: Prompt, now: datetime) -> datetime:
    """Hours of a day that has begun are asked for when its message is claimed. A reminder may come before its day."""
    if prompt.kind != Prompt.Kind.OVERDUE or prompt.installment is None:
        return now
    zone = prompt.borrower.zone
    # What is told again is planned for a day that may be another, and a leader that is void for another installment.
    day = min(prompt.installment.due_on + timedelta(days=prompt.stage), local_day(prompt.tell_at, zone))
    begins = at_local(day, time.min, zone)
    if begins <= now:
        return now
    hours, _rule = Clock.at(now).hours_for(prompt.borrower.jurisdiction, prompt.kind, zone)
    return lawful_moment(begins, now=now, zone=zone, hours=hours).at


def beside(duty_ids: Collection[int]) -> set[int]:
    """These duties and those of what is told together with them."""
    together = Prompt.objects.bundles(leading_of(duty_ids))
    return set(duty_ids).union(Duty.objects.filter(prompt__in=together).values_list("pk", flat=True))


def leading_of(duty_ids: Collection[int]) -> set[int]:
    """The prompts whose message tells what these are about."""
    prompts = Prompt.objects.filter(duty__in=duty_ids).values_list("pk", "told_with_id")
    return {leads or pk for pk, leads in prompts}
