"""Runs the import commands as an operator does, in this process or in one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

NO_DATABASE = "postgres://nobody@127.0.0.1:1/none"


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


def run(command: str, *arguments: str | Path) -> Run:
    """The command in this process."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command(command, *(str(argument) for argument in arguments), stdout=out, stderr=err)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return Run(code, out.getvalue(), err.getvalue())


def spawn(command: str, *arguments: str | Path, stdin: bytes = b"") -> Run:
    """The command in a process of its own, where no database answers."""
    done = subprocess.run(
        [sys.executable, "manage.py", command, *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": NO_DATABASE},
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())
