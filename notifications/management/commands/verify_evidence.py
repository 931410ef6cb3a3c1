"""manage.py verify_evidence [--from N] [--to N] [--json]."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from time import monotonic
from typing import Any, Final

from django.core.management.base import BaseCommand

from notifications.evidence.checking import Broken, Progress, Verdict, verify_seals

BROKEN: Final = 2
_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\x1b[K"


class Command(BaseCommand):
    help = "Recompute the seals over the record of events. Exit code 2: one of them is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=int, metavar="N", help="the first seal (default: the first)")
        parser.add_argument("--to", dest="last", type=int, metavar="N", help="the last seal (default: the newest)")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        verdict = verify_seals(options["first"], options["last"], self._progress())
        if self.stderr.isatty():
            self.stderr.write(_CLEAR_LINE, str, "")
        if options["json"]:
            self.stdout.write(json.dumps(asdict(verdict)))
        else:
            self._tell(verdict)
        if verdict.broken:
            raise SystemExit(BROKEN)

    def _tell(self, verdict: Verdict) -> None:
        counts = f"{verdict.seals:,} seals over {verdict.events:,} events hold"
        self.stdout.write(f"{counts}; {verdict.unsealed:,} events wait for a seal")
        if verdict.broken:
            self._tell_broken(verdict.broken)

    def _tell_broken(self, broken: Broken) -> None:
        self.stderr.write(
            f"Seal {broken.seal_id} is broken: it or an event from {broken.first_id} to {broken.last_id} was changed. "
            f"Compare with a backup. --from {broken.seal_id + 1} looks at the seals after it.",
            self.style.ERROR,
        )
        for difference in broken.differences:
            self.stderr.write(f"  {difference.what}: sealed {difference.sealed}, found {difference.found}")

    def _progress(self) -> Progress:
        """Twice a second the terminal says how far it is; a file is not told."""
        if not self.stderr.isatty():
            return lambda _seals, _events: None
        told_at = monotonic()

        def show(seals: int, events: int) -> None:
            nonlocal told_at
            if monotonic() - told_at >= _SECONDS:
                self.stderr.write(f"{_CLEAR_LINE}{seals:,} seals, {events:,} events", str, "")
                self.stderr.flush()
                told_at = monotonic()

        return show
