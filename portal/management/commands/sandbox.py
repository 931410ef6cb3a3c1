"""Run the sandbox."""

import asyncio
import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.management.arguments import pause, port
from accounts.management.listening import CannotListenError
from portal.sandbox.server import Arrangement, Sandbox


class Command(BaseCommand):
    help = "Runs a phone and a mailbox to send to: Kannel's sendsms and SMTP in, receipts back, faults to order."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = Arrangement()
        parser.add_argument("--host", default=usual.host, help="address to listen on (default: %(default)s)")
        parser.add_argument("--http-port", type=port, default=usual.http_port, help="pages and sendsms; 0 picks one")
        parser.add_argument("--smtp-port", type=port, default=usual.smtp_port, help="mail in; 0 picks one")
        parser.add_argument("--bounce-host", default=usual.bounce_host, help="where delivery reports go")
        parser.add_argument("--bounce-port", type=port, default=usual.bounce_port)
        parser.add_argument("--username", default=usual.username, help="sendsms login (default: %(default)s)")
        parser.add_argument(
            "--password",
            default=os.environ.get("KANNEL_PASSWORD") or usual.password,
            help="sendsms password (default: $KANNEL_PASSWORD); others on this machine see the command line",
        )
        parser.add_argument("--unit", type=pause, default=usual.unit, help="usual delay of a receipt, in seconds")
        parser.add_argument(
            "--retry-seconds", type=pause, default=usual.retry_seconds, help="between tries of receipts"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = Arrangement.__dataclass_fields__
        try:
            asyncio.run(self._run(Arrangement(**{name: options[name] for name in names})))
        except CannotListenError as error:
            raise CommandError(str(error), returncode=2) from error

    async def _run(self, arrangement: Arrangement) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        async with Sandbox(arrangement) as sandbox:
            self.stdout.write(f"Sandbox: http://{arrangement.host}:{sandbox.http_port}/")
            self.stdout.write(f"Mail in: {arrangement.host}:{sandbox.smtp_port}")
            self.stdout.flush()
            await stopped.wait()
