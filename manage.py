#!/usr/bin/env python3
"""Django's command line for Dueproof, in the environment that bin/demo made."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
        if not python.exists() or Path(sys.prefix) == python.parents[1]:
            raise SystemExit("Django is not installed here. Run bin/demo once: it makes .venv.") from None
        os.execv(python, [str(python), *sys.argv])  # noqa: S606
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
