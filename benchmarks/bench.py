"""What every benchmark is given."""

import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.sizes import Size


@dataclass(frozen=True, slots=True)
class Bench:
    """`now` is the moment at which everything is planned and sent, aware; `folder` takes logs and payloads."""

    size: Size
    now: datetime
    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def say(self, text: str) -> None:
        """Tell whoever watches; standard output is for figures alone."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
