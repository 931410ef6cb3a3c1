"""manage.py check_coverage [--json]. Exit code 1 where somebody is not being told. Else 2 where it could not
look, or sweeps do not run, without which nobody will be told.
"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifications.calendar import OVERDUE_WINDOW
from notifications.clock import Clock
from notifications.coverage import check_coverage
from notifications.firm_scores import firms_in_charge
from notifications.long_overdue import count_long_overdue
from notifications.management.tables import lay_out
from notifications.models import Alarm
from notifications.sweeps import Missing, not_running

LISTED = 50


class Command(BaseCommand):
    help = (
        "Looks whether every installment that is due soon is told, was told or is with a person, and opens and closes "
        "alarms. Exit code 1: somebody is not. Exit code 2: it could not look, or sweeps do not run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON array of the open alarms, all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        open_now, missing = self._look()
        alarms = Alarm.objects.open().filter(kind=Alarm.Kind.COVERAGE).order_by("due_on", "pk")
        if options["json"]:
            self.stdout.write(json.dumps([_as_json(alarm) for alarm in alarms]))
        else:
            self._tell(list(alarms[:LISTED]), open_now)
            self._tell_firms()
            self._tell_long_overdue()
        for sweep in missing:
            self.stderr.write(_said(sweep))
        if open_now or missing:
            sys.exit(1 if open_now else 2)

    def _look(self) -> tuple[int, list[Missing]]:
        """How many are not being told, and which sweeps do not run. Raises CommandError, with 2, whatever it was that
        kept it from looking.
        """
        try:
            clock = Clock.at(timezone.now())
            return check_coverage(clock), not_running(clock.now)
        except Exception as error:
            words = (
                f"Could not look ({type(error).__name__}): nobody knows whether somebody is forgotten. See --traceback."
            )
            raise CommandError(words, returncode=2) from error

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

    def _tell_long_overdue(self) -> None:
        if found := count_long_overdue(timezone.now()):
            self.stdout.write(
                f"Installments more than {OVERDUE_WINDOW} days overdue when they were first known: {found:,}. The "
                "portal tells nobody of these by itself: call, or give_prior_notice."
            )


def _said(sweep: Missing) -> str:
    """A line of what is wrong, and where to look. Times are of UTC."""
    last = f"{sweep.ended_at:%Y-%m-%d %H:%M} (UTC)" if sweep.ended_at else "never"
    wrong = f"fails each time ({sweep.fault})" if sweep.fault else "does not run"
    return f"The sweep {sweep.name} {wrong}, ended well last: {last}. Look at beat and at the workers of {sweep.queue}."


def _as_json(alarm: Alarm) -> dict[str, Any]:
    due_on = alarm.due_on.isoformat() if alarm.due_on else None
    opened_at = alarm.opened_at.isoformat()
    return {"subject": alarm.subject, "borrower": alarm.borrower_id, "due_on": due_on, "opened_at": opened_at}
