"""Checks that the state of the loans is what the reports say: replays all of them beside it and compares.

Exit code 0: the same. 2: they differ.
"""

import random
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from loans.intake.replaying import check_by_replay
from loans.models import Report

DIFFERENT = 2


class Command(BaseCommand):
    help = "Replay all reports into empty tables beside the real ones and compare the two. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shuffled", type=int, metavar="SEED", help="in another order than that of their arrival")

    def handle(self, *_args: Any, **options: Any) -> None:
        seed = options["shuffled"]

        def order(ids: list[int]) -> list[int]:
            return ids if seed is None else random.Random(seed).sample(ids, len(ids))  # noqa: S311 - no secret

        differences = check_by_replay(order, self.stderr.write)
        for difference in differences:
            self.stdout.write(
                f"{difference.name}: {difference.here} only on record, {difference.there} only by the reports"
            )
            for row in difference.examples:
                self.stdout.write("  " + ", ".join(str(value) for value in row))
        if differences:
            raise SystemExit(DIFFERENT)
        self.stdout.write(f"The same state by {Report.objects.count():,} reports.")
