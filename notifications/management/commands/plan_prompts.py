"""manage.py plan_prompts [--dry-run] [--at MOMENT] [--json]."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.management.arguments import given
from notifications import tasks
from notifications.clock import Clock
from notifications.management.tables import lay_out
from notifications.plan_report import PlanLine, plan


class Command(BaseCommand):
    help = "Plan what has come near or fallen overdue, now instead of at the next sweep, and say what was planned."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="plan, count, and take the plan back")
        parser.add_argument(
            "--at", type=given, metavar="MOMENT", help="with --dry-run: as if it were then, 2026-12-01T09:00+08:00"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON array and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        dry = options["dry_run"]
        if options["at"] and not dry:
            raise CommandError("--at is for --dry-run: what is planned for real is planned now.", returncode=2)
        clock = Clock.at(_moment(options["at"]) if options["at"] else timezone.now())
        lines = plan(clock, keep=not dry)
        if not dry and lines:
            transaction.on_commit(tasks.wake_senders, robust=True)
        if options["json"]:
            self.stdout.write(json.dumps([line.as_json() for line in lines]))
        else:
            self._tell(lines, dry=dry)

    def _tell(self, lines: list[PlanLine], *, dry: bool) -> None:
        if lines:
            heads = ("kind", "days", "channel", "messages", "installments", "held", "by", "first (UTC)", "last (UTC)")
            self.stdout.write("\n".join(lay_out(heads, [_row(line) for line in lines])))
        total = sum(line.messages for line in lines)
        self.stdout.write(f"{total:,} messages {'would be planned; nothing was kept' if dry else 'are planned'}.")


def _row(line: PlanLine) -> list[object]:
    rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(line.rules.items()))
    moments = [f"{moment:%Y-%m-%d %H:%M}" for moment in (line.first, line.last)]
    return [line.kind, line.stage, line.channel, line.messages, line.installments, line.held, rules, *moments]


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 <= moment.year < 2200:
        raise CommandError(f"--at {text[:40]!r} is no moment with a zone: write 2026-12-01T09:00+08:00.", returncode=2)
    return moment
