"""Bring up the whole product on this machine."""

import contextlib
import os
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo.addresses import HOST, Addresses, choose_addresses
from portal.demo.environment import describe, shared_with_other_terminals
from portal.demo.programs import list_programs, manage
from portal.demo.static_files import StaticFiles
from portal.embedded import Embedded, ProcessError
from portal.supervisor import StopRequestedError, Supervisor, signals_end_the_block


class Command(BaseCommand):
    help = (
        "Starts a database, a broker, the portal, its workers and a sandbox phone and mailbox; shows where to look. "
        "Ctrl-C stops them all; the next start finds the data again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="port of the portal (default: %(default)s)")
        parser.add_argument("--fresh", action="store_true", help="erase the demonstration's data first")
        parser.add_argument("--check", action="store_true", help="stop when everything has answered; 0 if it did")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            with signals_end_the_block(), contextlib.ExitStack() as stack:
                embedded = Embedded(settings.DATA_DIR)
                stack.callback(embedded.stop)
                embedded.lock()
                addresses = choose_addresses(options["port"])
                if options["fresh"]:
                    self._erase(embedded)
                supervisor = self._bring_up(stack, embedded, addresses)
                self.stdout.write(f"Ready after {time.monotonic() - started:.1f} s.\n\n{where_to_look(addresses)}")
                self.stdout.flush()
                if not options["check"]:
                    supervisor.run()
        except StopRequestedError:
            pass
        except ProcessError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Everything is stopped.")

    def _bring_up(self, stack: contextlib.ExitStack, embedded: Embedded, addresses: Addresses) -> Supervisor:
        env = describe(embedded.folder, addresses)
        supervisor = stack.enter_context(Supervisor(settings.BASE_DIR, embedded.folder / "logs"))
        static_files = StaticFiles()
        collecting = None
        if not static_files.are_fresh():  # it needs no database, so it goes on beside the next steps
            collecting = supervisor.begin("collectstatic", manage(*static_files.collecting()), {**os.environ, **env})
        with self._step("Database and broker"):
            servers = embedded.start()
            supervisor.watch(embedded.children)
        env |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        stack.enter_context(shared_with_other_terminals(embedded.folder, env))
        full = {**os.environ, **env}
        with self._step("Tables"):
            supervisor.finish(supervisor.begin("migrate", manage("migrate", "--noinput"), full))
        if collecting:
            with self._step("Static files"):
                supervisor.finish(collecting)
                static_files.mark_fresh()
        with self._step("Programs"):
            for program in list_programs(embedded.folder, addresses, env):
                supervisor.start(program, full)
            supervisor.wait_until_ready()
        return supervisor

    def _erase(self, embedded: Embedded) -> None:
        given = [name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)]
        if given:
            raise ProcessError(
                f"--fresh erases only what the demonstration made; {' and '.join(given)} is not its own."
            )
        with self._step("Old data erased"):
            embedded.erase()

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.stdout.write(f"{title:<24}{time.monotonic() - started:6.1f} s")
        self.stdout.flush()


def where_to_look(addresses: Addresses) -> str:
    """Return the lines that tell a newcomer which pages there are."""
    portal, sandbox = f"http://{HOST}:{addresses.web}", f"http://{HOST}:{addresses.sandbox}"
    lines = {
        "Portal": f"{portal}/",
        "Desk": f"{portal}/desk/",
        "Phone and mailbox": f"{sandbox}/",
        "Logs": str(settings.DATA_DIR / "logs"),
    }
    return "".join(f"{title:<24}{place}\n" for title, place in lines.items()) + "\nCtrl-C stops everything."
