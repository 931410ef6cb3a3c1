"""manage.py check_coverage [--json]. Exit code 1 where somebody is not being told."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from notifications.clock import Clock
from notifications.coverage import check_coverage
from notifications.firm_scores import firms_in_charge
from notifications.management.tables import lay_out
from notifications.models import Alarm

LISTED = 50


class Command(BaseCommand):
    help = (
        "Looks whether every installment that is due soon is told, was told or is with a person, and opens and closes "
        "alarms. Exit code 1: somebody is not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON array of the open alarms, all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        open_now = check_coverage(Clock.at(timezone.now()))
        alarms = Alarm.objects.open().filter(kind=Alarm.Kind.COVERAGE).order_by("due_on", "pk")
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(alarm) for alarm in alarms]))
        else:
            self._tell(list(alarms[:LISTED]), open_now)
            self._tell_firms()
        if open_now:
            sys.exit(1)

    def _tell(self, alarms: list[Alarm], open_now: int) -> None:
        if not open_now:
            self.stdout.write("Everybody with an installment due soon is being told, was told or is with a person.")
            return
        rows = [
            (str(alarm.due_on), alarm.subject, f"borrower:{alarm.borrower_id}", f"{alarm.opened_at:%Y-%m-%d %H:%M}")
            for alarm in alarms
        ]
        self.stdout.write("\n".join(lay_out(("due", "about", "whose", "open since (UTC)"), rows)))
        self.stdout.write(f"{open_now:,} not being told{'' if open_now <= LISTED else f', the first {LISTED} listed'}.")

    def _tell_firms(self) -> None:
        """Whose word the coverage rests on, and who has to send what is still held."""
        for firm, waiting, told in firms_in_charge(timezone.now()):
            self.stdout.write(f"{firm}: {waiting:,} to be sent by it, {told:,} told by its word.")


def _as_json(alarm: Alarm) -> dict[str, Any]:
    due_on = alarm.due_on.isoformat() if alarm.due_on else None
    opened_at = alarm.opened_at.isoformat()
    return {"subject": alarm.subject, "borrower": alarm.borrower_id, "due_on": due_on, "opened_at": opened_at}
