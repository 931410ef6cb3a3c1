"""What a firm that reached nobody hands back: the portal sends at once, the other firm is not waited for."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection

from notifications import duty_statements
from notifications.models import Duty, Prompt
from notifications.taking_over import record_and_tell


def beside(duty_ids: Collection[int]) -> set[int]:
    """The duties that still wait for what is told together with these."""
    if not duty_ids:
        return set()
    prompts = Prompt.objects.filter(duty__in=duty_ids).values_list("pk", "told_with_id")
    together = Prompt.objects.bundles({leads or pk for pk, leads in prompts})
    return set(Duty.objects.waiting().filter(prompt__in=together).values_list("pk", flat=True))


def send_now(duties: Iterable[Duty], leading: Collection[int], now: datetime) -> None:
    """Take these locked duties over, and let their messages, of the prompts `leading`, go out at `now`."""
    ids = [duty.pk for duty in duties]
    taken = Duty.objects.waiting().filter(pk__in=ids)
    taken.update(status=Duty.Status.TAKEN_OVER, settled_at=now, due_at=now, portal_at=now)
    prompts = Prompt.objects.bundles(leading).values_list("pk", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.SEND_NOW, {"prompts": list(prompts), "now": now})
    rows = Duty.objects.filter(pk__in=ids, status=Duty.Status.TAKEN_OVER)
    record_and_tell(list(rows.select_related("prompt", "responsible", "backup", "telling").order_by("pk")), now)
