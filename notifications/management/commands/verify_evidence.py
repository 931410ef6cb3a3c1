"""manage.py verify_evidence [--from N] [--to N] [--json]."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from time import monotonic
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from notifications.evidence.checking import Broken, Progress, Verdict, verify_seals
from notifications.evidence.messages import Altered

BROKEN: Final = 2
_SECONDS: Final = 0.5
_CLEAR_LINE: Final = "\r\x1b[K"


class Command(BaseCommand):
    help = (
        "Recompute the seals over the record of events, and the digests of the raw messages that events came of. "
        "Exit code 2: a seal is broken, or a message is not what it was."
    )

    # Seals hold, or do not, whatever is wrong with a setting or a policy file.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=int, metavar="N", help="the first seal (default: the first)")
        parser.add_argument("--to", dest="last", type=int, metavar="N", help="the last seal (default: the newest)")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        verdict = verify_seals(options["first"], options["last"], self._progress())
        if self.stderr.isatty():
            self.stderr.write(_CLEAR_LINE, str, "")
        if not verdict.seals and not verdict.broken and (options["first"], options["last"]) != (None, None):
            first, last = options["first"] or "the first", options["last"] or "the newest"
            raise CommandError(f"There are no seals from {first} to {last}: nothing was looked at.", returncode=1)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(verdict)))
        else:
            self._tell(verdict)
        if verdict.broken or verdict.altered:
            raise SystemExit(BROKEN)

    def _tell(self, verdict: Verdict) -> None:
        counts = f"{verdict.seals:,} seals over {verdict.events:,} events hold"
        self.stdout.write(f"{counts}; {verdict.unsealed:,} events wait for a seal")
        self.stdout.write(f"{verdict.messages:,} raw messages of providers are what those events were made of")
        if verdict.broken:
            self._tell_broken(verdict.broken)
        if verdict.altered:
            self._tell_altered(verdict.altered)

    def _tell_altered(self, altered: Altered) -> None:
        found = f"has the SHA-256 {altered.found}" if altered.found else "is gone"
        self.stderr.write(
            f"Message {altered.callback_id} {found}; event {altered.event_id} was made of one with {altered.sealed}.",
            self.style.ERROR,
        )

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
