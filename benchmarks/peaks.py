"""How much memory a process has held at most."""

import re
import resource
import sys
from pathlib import Path

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def peak_of(pid: int | str = "self") -> float:
    """The largest resident size of a process since it began, in MiB; 0 for one that is gone.

    Off Linux only this process can be asked.
    """
    if sys.platform == "linux":
        try:
            found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
        except OSError:
            return 0.0
        return int(found[1]) / 1024 if found else 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started, and theirs; none off Linux."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children_of(child)]
    return found
