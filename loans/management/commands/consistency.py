"""manage.py consistency [--days N] [--json]. Exit code 1 where a pair of firms misses its goal."""

import json
import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from loans.consistency import DAYS, Measured, measure

HEADS = ("bank", "platform", "who follows", "ended", "lasting", "p50", "p95", "longest", "oldest lasting", "goal", "")


class Command(BaseCommand):
    help = (
        "Says how long each bank and platform take to say the same of an installment (p50, p95, longest) and what the "
        "goal of the one that follows is. Exit code 1: a goal is missed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help=f"how many days to look back over (default: {DAYS})")
        parser.add_argument("--json", action="store_true", help="print one JSON array, times in seconds")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 3650:
            raise CommandError("--days is a number from 1 to 3650.", returncode=2)  # 1 says that a goal is missed
        pairs = measure(timezone.now(), options["days"])
        if options["json"]:
            self.stdout.write(json.dumps([pair.as_json() for pair in pairs]))
        elif pairs:
            self.stdout.write("\n".join(_table([_row(pair) for pair in pairs])))
        else:
            self.stdout.write(f"No bank and platform have differed in {options['days']} days.")
        if any(pair.is_met is False for pair in pairs):
            sys.exit(1)


def _row(pair: Measured) -> tuple[str, ...]:
    spans = (pair.half, pair.most, pair.longest, pair.oldest, pair.goal)
    return (
        *(pair.bank, pair.platform, pair.follower, f"{pair.ended:,}", f"{pair.lasting:,}"),
        *map(_span, spans),
        {True: "met", False: "MISSED", None: "not measured"}[pair.is_met],
    )


def _span(span: timedelta | None) -> str:
    """ "1 d 03:20", "00:20"; "-" where there is none."""
    if span is None:
        return "-"
    hours, rest = divmod(span.seconds, 3600)
    clock = f"{hours:02}:{rest // 60:02}"
    return f"{span.days} d {clock}" if span.days else clock


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    lines = (HEADS, *rows)
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
