"""Whoever was put on China's clock for want of a time zone, and lives under another law, gets a clock of their country."""

from typing import Any

from django.db import migrations

from accounts.zones import NOT_SAID, guessed_zone

USUAL = "Asia/Shanghai"
WITHOUT_PHONE = {"us": "America/New_York", "uk": "Europe/London", "eu": "Europe/Berlin"}


def guess(apps: Any, _editor: Any) -> None:
    people = apps.get_model("accounts", "User").objects
    elsewhere = people.filter(time_zone=USUAL, is_staff=False).exclude(jurisdiction="cn")
    found: dict[str, list[int]] = {}
    for pk, phone, jurisdiction in elsewhere.values_list("pk", "phone", "jurisdiction").iterator():
        found.setdefault(guessed_zone(phone, WITHOUT_PHONE.get(jurisdiction, USUAL)), []).append(pk)
    for zone, ids in found.items():
        people.filter(pk__in=ids).update(time_zone=zone)


def forget(apps: Any, _editor: Any) -> None:
    apps.get_model("accounts", "User").objects.filter(time_zone__endswith=NOT_SAID).update(time_zone=USUAL)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_named_by")]

    operations = [migrations.RunPython(guess, forget)]
