"""Where the values that differ between machines come from.

`bin/demo` writes what it started into `.data/env`, so that a second terminal's `manage.py` finds the same servers;
a variable that is set for real always wins.
"""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parents[2]

# A copy: what the file below adds must not look as if somebody had set it.
environ.Env.ENVIRON = dict(os.environ)  # type: ignore[assignment]
env = environ.Env()  # type: ignore[no-untyped-call]
DATA_DIR = Path(env.str("DUEPROOF_DATA", default=str(BASE_DIR / ".data")))
if (DATA_DIR / "env").is_file():
    environ.Env.read_env(DATA_DIR / "env")

DEBUG = env.bool("DEBUG", default=False)
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
