"""What must hold before a process serves or sends: checks that neither gunicorn nor Celery asks."""

import sys

from django.core.checks import ERROR, run_checks


def require_sound() -> None:
    """End the process with what is wrong, where one of those checks finds an error. Raises SystemExit."""
    from notifications.checks import TELLING  # models are there only once Django has been set up

    faults = [fault for fault in run_checks(tags=[TELLING]) if fault.level >= ERROR]
    if faults:
        sys.exit("\n".join(["This cannot start, since not everybody could be told:", *map(str, faults)]))
