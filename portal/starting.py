"""What must hold before a process serves or sends: neither gunicorn nor Celery asks Django's checks."""

import sys

from django.core.checks import ERROR, run_checks

TELLING = "telling"
"""The tag of the checks that say whether everybody can be told: policies, wordings, providers."""


def require_sound() -> None:
    """End the process with what is wrong, where one of those checks finds an error. Raises SystemExit."""
    faults = [fault for fault in run_checks(tags=[TELLING]) if fault.level >= ERROR]
    if faults:
        sys.exit("\n".join(["This cannot start, since not everybody could be told:", *map(str, faults)]))
