"""The environment of the one peer that cannot live in ours: made once, from pins with hashes, under the data folder."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.measure import MissingError

PINS: Final = Path(__file__).resolve().parent.parent / "peers.txt"


def peers_python(folder: Path, *, may_install: bool) -> Path:
    """The interpreter of that environment. Raises MissingError where it cannot, or may not, be made."""
    home = folder / "peers"
    python, stamp = home / "bin" / "python", home / "installed"
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return python
    if not may_install:
        raise MissingError("django-notifications-hq is not installed; a full or quick run installs it")
    if shutil.which("uv"):
        commands = [
            ["uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(home)],
            ["uv", "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(PINS)],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", "--clear", str(home)],
            [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(PINS)],
        ]
    for command in commands:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            last = (done.stdout.strip().splitlines() or ["no word"])[-1]
            raise MissingError(f"django-notifications-hq could not be installed: {last}")
    stamp.write_text(digest)
    return python
