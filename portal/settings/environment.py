"""Where the values that differ between machines come from.

`bin/demo` writes what it started into `.data/env`, so that a second terminal's `manage.py` finds the same servers;
a variable that is set for real always wins.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]

# A copy: what the file below adds must not look as if somebody had set it.
environ.Env.ENVIRON = dict(os.environ)  # type: ignore[assignment]


def refuse(name: str, why: str) -> NoReturn:
    """End the process, whichever it is, with a line; the value is not in it, for it may be a secret."""
    sys.exit(f"This cannot start: {name} {why} See docs/operations.md.")


_FALSE: Final = ("false", "off", "no", "n", "0")


class _Environment(environ.Env):
    """One that says which variable it was that it could not read."""

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, *args, **options)
        except ValueError:
            refuse(var, "is not of the kind that is asked for, such as a number.")

    def bool(self, var: str, *args: Any, **options: Any) -> Any:
        """True, or false; nothing at all is false. Any other word would be: whoever wrote it meant something."""
        said = self.str(var, default="").strip().lower()
        if said and said not in {*self.BOOLEAN_TRUE_STRINGS, *_FALSE} and not said.isdecimal():
            refuse(var, "is neither true nor false: write one of them.")
        return super().bool(var, *args, **options)

    def email_url(self, var: str, *args: Any, **options: Any) -> Any:  # type: ignore[override]
        try:
            return super().email_url(var, *args, **options)
        except (ValueError, ImproperlyConfigured):
            refuse(var, "is no address of a mail server: write it as smtp://USER:PASSWORD@HOST:25.")


env = _Environment()  # type: ignore[no-untyped-call]
DATA_DIR = Path(env.str("DUEPROOF_DATA", default=str(BASE_DIR / ".data")))
if (DATA_DIR / "env").is_file():
    environ.Env.read_env(DATA_DIR / "env")

DEBUG = env.bool("DEBUG", default=False)
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
