"""manage.py halt --reason TEXT [--channel NAME] [--kind KIND] [--partner CODE] [--by EMAIL]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.management.arguments import given_words, words
from loans.models import Partner
from notifications.halting import halt
from notifications.management.operators import add_by, operator
from notifications.models import Delivery, Prompt


class Command(BaseCommand):
    help = "Hand over nothing that fits from now on, until `lift`. What is left out means all of them."
    # For the day on which a setting or a policy file is what is wrong: workers that run go on sending.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", type=words, required=True, help="for who reads of it later")
        parser.add_argument("--channel", choices=Delivery.Channel.values, default="")
        parser.add_argument("--kind", choices=Prompt.Kind.values, default="", help="kind of prompt")
        parser.add_argument(
            "--partner", type=given_words, metavar="CODE", help="only about the loans that it funds or sold"
        )
        add_by(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        partner = None
        if code := options["partner"]:
            partner = Partner.objects.filter(code=code).first()
            if partner is None:
                raise CommandError(f"No partner has the code “{code}”; nothing was halted.", returncode=2)
        channel, kind, by = options["channel"], options["kind"], operator(options["by"])
        now = timezone.now()
        try:
            thrown = halt(reason=options["reason"], by=by, now=now, channel=channel, kind=kind, partner=partner)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from error
        what = " · ".join(filter(None, [channel, kind, partner.code if partner else ""])) or "everything"
        already = "" if thrown.since == now else f" already, since {thrown.since:%Y-%m-%d %H:%M} (UTC)"
        self.stdout.write(f"Halt {thrown.pk}: {what} is halted{already}. To lift it: manage.py lift {thrown.pk}")
