"""`python -m benchmarks [NAME…] [--json] [--quick]`: bin/bench runs it with a database and a broker up.

Exits with 1 when a figure is void, since a count was wrong, or a benchmark broke off.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from benchmarks.bench import Bench
from benchmarks.figures import Figure, headings
from benchmarks.measure import MissingError, VoidError
from benchmarks.servers import ZONE, set_environment
from benchmarks.sizes import FULL, MINIATURE, QUICK, Size

NAMES: Final = (
    "planning",
    "claim",
    "email",
    "email_killed",
    "sms",
    "receipts",
    "receipts_batch",
    "events",
    "visible",
    "inbox",
    "evidence",
    "due_page",
    "growth",
    "memory",
    "statement_file",
)


def main() -> int:
    arguments = read_arguments()
    unknown = [name for name in arguments.names if name not in NAMES]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    folder = Path(os.environ.get("DUEPROOF_DATA") or ".data/bench").absolute()
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    set_environment()
    prepare_database()
    bench = Bench(choose_size(arguments), last_noon(datetime.now(UTC)), folder)
    if not arguments.json:
        print(headings(), flush=True)
    broken = False
    for name in arguments.names or NAMES:
        for figure in measure(name, bench):
            broken = broken or figure.void
            print(figure.as_json() if arguments.json else figure.as_row(), flush=True)
            if arguments.json and figure.notes:
                bench.say(f"{figure.name}: {'VOID: ' if figure.void else ''}{figure.notes}")
    return 1 if broken else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure the product against limits and peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(NAMES)}; by default all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output, nothing else")
    parser.add_argument("--quick", action="store_true", help="fewer rows")
    parser.add_argument("--miniature", action="store_true", help="a handful of rows, once: to see that it works")
    return parser.parse_args()


def choose_size(arguments: argparse.Namespace) -> Size:
    if arguments.miniature:
        return MINIATURE
    return QUICK if arguments.quick else FULL


def last_noon(moment: datetime) -> datetime:
    """The last noon in the borrowers' zone: at any hour what was planned then may be told, and is due by now."""
    local = moment.astimezone(ZoneInfo(ZONE))
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon if noon <= local else noon - timedelta(days=1)).astimezone(UTC)


def prepare_database() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def measure(name: str, bench: Bench) -> Iterator[Figure]:
    """The figures of one benchmark; a void one in their place when a count was wrong or it broke off."""
    started = time.monotonic()
    n = getattr(bench.size, name, 0)
    try:
        yield from import_module(f"benchmarks.programs.{name}").run(bench)
    except MissingError as missing:
        yield Figure(name=name, n=n, notes=str(missing))
    except VoidError as wrong:
        yield Figure(name=name, n=n, notes=str(wrong), void=True)
    except Exception as error:
        traceback.print_exc()
        yield Figure(name=name, n=n, notes=f"broke off: {type(error).__name__}", void=True)
    bench.say(f"({name} took {time.monotonic() - started:.0f} s)")


if __name__ == "__main__":
    sys.exit(main())
