"""`python -m portal.embedded run -- COMMAND…`: run a command with both servers up, and return its exit status.

It gets DATABASE_URL, REDIS_URL and DUEPROOF_DATA. The data folder is $DUEPROOF_DATA or .data in the working tree.
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from portal.embedded import Embedded, ProcessError
from portal.processes import tie_to_parent

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent.parent / ".data"


def run(command: list[str], embedded: Embedded) -> int:
    """Run the command to its end. Signals that ask this process to end are passed on to it."""
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    with embedded as servers:
        child: subprocess.Popen[bytes] | None = None
        early: list[int] = []

        def pass_on(number: int, _frame: FrameType | None) -> None:
            if child is None:
                early.append(number)
            else:
                child.send_signal(number)

        signal.signal(signal.SIGTERM, pass_on)
        signal.signal(signal.SIGHUP, pass_on)
        child = subprocess.Popen(  # noqa: S603 - the caller's own command
            command,
            env={
                **os.environ,
                "DATABASE_URL": servers.database_url,
                "REDIS_URL": servers.redis_url,
                "DUEPROOF_DATA": str(embedded.folder),
            },
            preexec_fn=tie_to_parent(signal.SIGTERM),  # noqa: PLW1509 - prctl is one system call
        )
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the command as well
        for number in early:
            child.send_signal(number)
        status = child.wait()
    return status if status >= 0 else 128 - status


def leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def split_at_dashes(words: list[str]) -> tuple[list[str], list[str]]:
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


def main() -> int:
    ours, command = split_at_dashes(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="python -m portal.embedded", usage="%(prog)s run [--for-tests] -- COMMAND…")
    parser.add_argument("action", choices=["run"])
    parser.add_argument("--for-tests", action="store_true", help="do not wait for the disk: faster, unsafe")
    arguments = parser.parse_args(ours)
    if not command:
        parser.error("name the command to run, after --")
    folder = Path(os.environ.get("DUEPROOF_DATA") or DEFAULT_FOLDER)
    try:
        return run(command, Embedded(folder, fast=arguments.for_tests or None))
    except ProcessError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 127


if __name__ == "__main__":
    sys.exit(main())
