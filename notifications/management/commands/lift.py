"""manage.py lift [ID…] [--by EMAIL]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from notifications import tasks
from notifications.halting import AlreadyLiftedError, lift, still_halting
from notifications.management.operators import add_by, operator
from notifications.management.tables import lay_out
from notifications.models import Halt


class Command(BaseCommand):
    help = "Lift halts by their numbers, so that what waits goes out; without a number, list those in force."
    # For the day on which a setting or a policy file is what is wrong: workers that run go on sending.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, metavar="ID")
        add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["ids"]:
            self._list()
            return
        by, now = operator(options["by"]), timezone.now()
        ids = list(dict.fromkeys(options["ids"]))
        try:
            with transaction.atomic():
                for halt_id in ids:
                    lift(halt_id, by=by, now=now)
                transaction.on_commit(tasks.wake_senders, robust=True)
        except AlreadyLiftedError as error:
            raise CommandError(
                f"{error} Nothing was lifted. Without a number, this lists them.", returncode=2
            ) from error
        if others := still_halting(ids):
            numbers = ", ".join(str(one.pk) for one in others)
            self.stdout.write(f"Lifted, but some or all of it is still held by other halts: {numbers}.")
            self._list()
        else:
            self.stdout.write("Lifted. What waited goes out now, unless its time has passed.")

    def _list(self) -> None:
        halts = Halt.objects.in_force().select_related("partner", "by")
        rows = [
            (
                str(one.pk),
                one.channel or "all",
                one.kind or "all",
                _code(one),
                f"{one.since:%Y-%m-%d %H:%M}",
                one.reason,
            )
            for one in halts
        ]
        if rows:
            heads = ("id", "channel", "kind", "partner", "since (UTC)", "reason")
            self.stdout.write("\n".join(lay_out(heads, rows)))
        else:
            self.stdout.write("Nothing is halted.")


def _code(halt: Halt) -> str:
    return halt.partner.code if halt.partner else "all"
