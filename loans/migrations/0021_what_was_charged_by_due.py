"""Until the next word on it, what is charged now is taken to have been charged by the due day."""

from typing import Any

from django.db import migrations
from django.db.models import F, Max

PORTION = 50_000


def fill(apps: Any, _editor: Any) -> None:
    rows = apps.get_model("loans", "Installment").objects.filter(charged_by_due=0)
    charged = rows.exclude(fees=0, penalties=0)
    last = rows.aggregate(last=Max("pk"))["last"] or 0
    for first in range(0, last + 1, PORTION):
        charged.filter(pk__gte=first, pk__lt=first + PORTION).update(charged_by_due=F("fees") + F("penalties"))


class Migration(migrations.Migration):
    atomic = False  # nobody's row is locked for longer than a portion takes, and it may be run again
    dependencies = [("loans", "0020_prompt_withdrawn")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
