"""manage.py watch_files --folder DIR [--every SECONDS] [--once]."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections

from accounts.management.arguments import pause
from loans.intake.inbox import Taken, take_all


class Command(BaseCommand):
    help = "Take in the files that partners put into DIR/CODE/, again and again, until it is ended (docs/files.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", default=settings.INBOX_FOLDER, help="by default INBOX_FOLDER of the settings")
        parser.add_argument("--every", type=pause, default=2.0, metavar="SECONDS", help="how often to look")
        parser.add_argument("--once", action="store_true", help="look once and end; exit code 2: something was refused")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(options["folder"])
        if not options["folder"] or not _is_folder(folder):
            raise CommandError("Name a folder that exists: --folder DIR, or the setting INBOX_FOLDER.", returncode=2)
        self.stdout.write(f"Looking into {folder} every {options['every']:g} s; Ctrl-C ends it.")
        try:
            refused = self._look(folder)
            while not options["once"]:
                time.sleep(options["every"])
                close_old_connections()
                self._look(folder)
        except KeyboardInterrupt:
            return
        if refused:
            raise SystemExit(2)

    def _look(self, folder: Path) -> bool:
        """Take in what is there; True when something of it was refused."""
        refused = False
        try:
            for taken in take_all(folder):
                refused |= bool(taken.outcome.refused)
                self.stdout.write(_told(taken))
        except OperationalError as error:
            self.stderr.write(f"The database does not answer, files wait: {error}", self.style.WARNING)
        except OSError as error:
            self.stderr.write(f"{folder} cannot be read: {error.strerror}", self.style.WARNING)
        return refused


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # of a name that is too long, or behind a loop of links
        return False


def _told(taken: Taken) -> str:
    outcome, name = taken.outcome, "/".join(taken.path.parts[-3:])
    if outcome.duplicate:
        return f"{name}: was received before as report {outcome.report_id}"
    return f"{name}: {outcome.counts}"
