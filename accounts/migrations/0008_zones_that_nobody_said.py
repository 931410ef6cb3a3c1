"""Whoever may have been put on China's clock for want of a time zone gets one of the country of their phone.

A firm that said Asia/Shanghai of a phone of another country is not told apart, and is believed when it says so again.
"""

from typing import Any

from django.db import migrations
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.zones import NOT_SAID, guessed_zone

USUAL = "Asia/Shanghai"
PORTION = 10_000
WITHOUT_PHONE = {"us": "America/New_York", "uk": "Europe/London", "eu": "Europe/Berlin"}


def guess(apps: Any, _editor: Any) -> None:
    people = apps.get_model("accounts", "User").objects
    points = apps.get_model("accounts", "ContactPoint").objects
    phones = points.filter(user=OuterRef("pk"), kind="phone", retired_at=None).values("address")
    guessed = people.filter(time_zone=USUAL, is_staff=False)
    guessed = guessed.annotate(reached_at=Coalesce(Subquery(phones[:1]), "phone"))
    found: dict[str, list[int]] = {}
    for pk, phone, jurisdiction in guessed.values_list("pk", "reached_at", "jurisdiction").iterator():
        found.setdefault(guessed_zone(phone, WITHOUT_PHONE.get(jurisdiction, USUAL)), []).append(pk)
    for zone, ids in found.items():
        for first in range(0, len(ids), PORTION):
            people.filter(pk__in=ids[first : first + PORTION], time_zone=USUAL).update(time_zone=zone)


def forget(apps: Any, _editor: Any) -> None:
    apps.get_model("accounts", "User").objects.filter(time_zone__endswith=NOT_SAID).update(time_zone=USUAL)


class Migration(migrations.Migration):
    atomic = False  # nobody's row is locked for longer than a portion takes, and it may be run again
    dependencies = [("accounts", "0007_named_by")]

    operations = [migrations.RunPython(guess, forget)]
