"""Real programs that tests talk to. Where one is missing the test is skipped with the remedy; on CI it fails."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import NoReturn

import pytest


def require(program: str, package: str) -> str:
    """Where the program is, also when its folder is not on the path of an ordinary user."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/lib/kannel/test:/usr/local/sbin")
    if found is None:
        give_up(f"{program} is not installed: apt-get install {package}")
    return found


def give_up(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def wait_until(what: str, is_so: Callable[[], object], seconds: float = 15.0, every: float = 0.02) -> None:
    """Asks again and again, and fails when the time is up: there is no event to wait for in another program."""
    end = monotonic() + seconds
    while not is_so():
        if monotonic() > end:
            pytest.fail(f"Waited {seconds} seconds in vain until {what}.")
        sleep(every)


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def contains(path: Path, text: str) -> bool:
    return path.exists() and text in path.read_text(errors="replace")
