"""Run the mail server that bounces come back to."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from accounts.management.arguments import port
from accounts.management.listening import CannotListenError, says_where
from notifications import receipts
from notifications.channels.bounce_listener import make_bounce_server
from notifications.signatures import delivery_id_of


class Command(BaseCommand):
    help = "Receives bounces and delivery reports by SMTP or LMTP and stores each as a receipt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=port, default=8026, help="port to listen on (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BOUNCE_DOMAIN:
            raise CommandError(
                "BOUNCE_DOMAIN is not set: it is the domain that bounces of our mail come back to.", returncode=2
            )
        try:
            asyncio.run(self._serve(options["host"], options["port"]))
        except CannotListenError as error:
            raise CommandError(str(error), returncode=2) from error

    async def _serve(self, host: str, port: int) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        with says_where(host, port):
            server = await loop.create_server(
                lambda: make_bounce_server(store_mail, is_ours, settings.BOUNCE_DOMAIN, loop), host, port
            )
        self.stdout.write(f"Bounces for {settings.BOUNCE_DOMAIN} are received on {host}:{port}.")
        self.stdout.flush()
        # What is being stored is finished on the way out; its sender has no answer and sends it again.
        async with server:
            await stopped.wait()


def is_ours(reference: str) -> bool:
    return delivery_id_of(reference) is not None


def store_mail(raw: bytes) -> int:
    """How many messages were kept, 1 or 0.

    Threads outlive one mail and no request ends here, so the connection is given back at once.
    """
    try:
        return int(receipts.store(provider="smtp", raw=raw))
    finally:
        connections.close_all()
