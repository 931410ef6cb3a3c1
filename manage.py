#!/usr/bin/env python3
"""Django's command line for Dueproof, in the environment that bin/demo made."""

import os
import sys
from pathlib import Path

NO_DATABASE = 3
"""Neither 1 nor 2: these say of many commands what they found."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.core.management import execute_from_command_line
        from django.db import OperationalError
    except ImportError:
        python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
        if not python.exists() or Path(sys.prefix) == python.parents[1]:
            raise SystemExit("Django is not installed here. Run bin/demo once: it makes .venv.") from None
        os.execv(python, [str(python), *sys.argv])  # noqa: S606
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        said = str(error).partition("\n")[0]
        sys.stderr.write(
            f"The database did not answer, or ended what was asked of it: {said}. Is it up, and is DATABASE_URL the "
            "right one? --traceback shows where it happened.\n"
        )
        sys.exit(NO_DATABASE)


if __name__ == "__main__":
    main()
