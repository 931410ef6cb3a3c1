"""What a firm that reached nobody hands back: the portal sends at once, the other firm is not waited for."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from notifications import duty_statements
from notifications.models import Duty, Prompt
from notifications.taking_over import record_and_tell


def send_now(duty_ids: Collection[int], now: datetime) -> None:
    """Take these over, with all that is told together with them, and let their messages go out at `now`. They are
    locked.
    """
    if not duty_ids:
        return
    prompts = list(Prompt.objects.bundles(leading_of(duty_ids)).values_list("pk", flat=True))
    ids = list(Duty.objects.waiting().filter(prompt__in=prompts).values_list("pk", flat=True))
    taken = Duty.objects.waiting().filter(pk__in=ids)
    taken.update(status=Duty.Status.TAKEN_OVER, settled_at=now, due_at=now, portal_at=now)
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.SEND_NOW, {"prompts": prompts, "now": now})
    rows = Duty.objects.filter(pk__in=ids, status=Duty.Status.TAKEN_OVER)
    record_and_tell(list(rows.select_related("prompt", "responsible", "backup", "telling").order_by("pk")), now)


def beside(duty_ids: Collection[int]) -> set[int]:
    """These duties and those of what is told together with them."""
    together = Prompt.objects.bundles(leading_of(duty_ids))
    return set(duty_ids).union(Duty.objects.filter(prompt__in=together).values_list("pk", flat=True))


def leading_of(duty_ids: Collection[int]) -> set[int]:
    """The prompts whose message tells what these are about."""
    prompts = Prompt.objects.filter(duty__in=duty_ids).values_list("pk", "told_with_id")
    return {leads or pk for pk, leads in prompts}
