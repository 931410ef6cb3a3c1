"""manage.py after_restore: before anything runs on a database that has lost its last rows."""

from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import connection, transaction

AHEAD: Final = 10_000_000
"""More ids than are given away between two backups, or before a standby takes over."""
# What was lost has left with its ids: in links, receipts, references and events that are out there. Where a number
# has no room for so many, it stays.
_SKIP: Final = """
SELECT format('%%I.%%I', schemaname, sequencename), setval(
    format('%%I.%%I', schemaname, sequencename)::regclass, COALESCE(last_value, 0) + %(ahead)s)
FROM pg_sequences
WHERE schemaname = current_schema() AND sequencename ~ '^(accounts|loans|notifications)_'
  AND max_value - COALESCE(last_value, 0) > %(ahead)s
ORDER BY sequencename
"""


class Command(BaseCommand):
    help = (
        "Give away no id anew that may have been given away since the backup: a link that was sent would open another "
        "person's message. Run it after a restore, or when a standby has taken over, before anything else runs."
    )
    requires_system_checks: list[str] = []

    @transaction.atomic
    def handle(self, *_args: Any, **_options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SKIP, {"ahead": AHEAD})
            moved = cursor.fetchall()
        for name, value in moved:
            self.stdout.write(f"{name} goes on behind {value}")
        self.stdout.write(f"{len(moved)} sequences go on {AHEAD:,} further. Whatever was told since is told again.")
