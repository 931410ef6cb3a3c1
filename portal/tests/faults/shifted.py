"""A Celery program whose clock is off: `python -m portal.tests.faults.shifted FILE worker …`.

FILE holds by how many seconds; it is read at each look at the clock, which so jumps while the program runs.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from portal.celery import app


def main(file: Path, words: list[str]) -> None:
    true = timezone.now

    def shifted() -> datetime:
        return true() + timedelta(seconds=float(file.read_text()))

    timezone.now = shifted
    app.start(words)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
