"""Bring up the whole product on this machine."""

import contextlib
import os
import shlex
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.demo.addresses import HOST, Addresses, choose_addresses, next_free
from portal.demo.environment import describe, say_when, shared_with_other_terminals
from portal.demo.programs import TABLES_ARE_THERE, book, callers, has_written, make_beat, receivers
from portal.demo.sign_ins import NEXT_NOTIFICATION, sign_ins
from portal.demo.static_files import StaticFiles
from portal.embedded import Embedded, ProcessError
from portal.embedded.waiting import READY_SECONDS
from portal.supervisor import StopRequestedError, Supervisor, signals_end_the_block

USUAL_PORT = 8000


class Command(BaseCommand):
    help = (
        "Starts a database, a broker, the portal, its workers and a sandbox phone and mailbox; shows where to look. "
        "Ctrl-C stops them all; the next start finds the data again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, help=f"port of the portal (default: {USUAL_PORT})")
        parser.add_argument("--fresh", action="store_true", help="erase the demonstration's data first")
        parser.add_argument(
            "--check", action="store_true", help="play the scenario without a person, in a book of its own"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            with signals_end_the_block(), contextlib.ExitStack() as stack:
                embedded = Embedded(settings.DATA_DIR / "check" if options["check"] else settings.DATA_DIR)
                stack.callback(embedded.stop)
                embedded.lock()
                addresses = choose_addresses(
                    options["port"] or (next_free(USUAL_PORT) if options["check"] else USUAL_PORT)
                )
                if options["fresh"] or (options["check"] and not given_servers()):
                    self._erase(embedded)
                supervisor = self._bring_up(stack, embedded, addresses)
                self.stdout.write(f"Ready after {time.monotonic() - started:.1f} s.\n")
                if options["check"]:
                    self._check(addresses, embedded.folder)
                    return
                self.stdout.write(where_to_look(addresses, embedded.folder))
                self.stdout.flush()
                supervisor.run()
        except StopRequestedError:
            pass
        except ProcessError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Everything is stopped.")

    def _bring_up(self, stack: contextlib.ExitStack, embedded: Embedded, addresses: Addresses) -> Supervisor:
        env, servers = describe(embedded.folder, addresses), embedded.prepare()
        env |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
        full = {**os.environ, **env}
        supervisor = stack.enter_context(Supervisor(settings.BASE_DIR, embedded.folder / "logs"))
        patience = 0 if "DATABASE_URL" in given_servers() else READY_SECONDS
        loading = supervisor.begin("book", book(patience), full)
        with self._step("Database and broker"):
            embedded.start()
            supervisor.watch(embedded.children)
        stack.enter_context(shared_with_other_terminals(embedded.folder, env))
        for program in receivers(addresses, env):
            supervisor.start(program, full)
        static_files = StaticFiles()
        if not static_files.are_fresh():
            with self._step("Static files"):
                static_files.collect()
        for program in callers(addresses):
            supervisor.start(program, full)
        with self._step("Tables"):
            supervisor.wait_for(loading, has_written(TABLES_ARE_THERE))
        with self._step("Programs"):
            supervisor.start(make_beat(), full)  # it asks for work from its first second on
            supervisor.wait_until_ready()
        with self._step("Book"):
            supervisor.finish(loading)
        return supervisor

    def _erase(self, embedded: Embedded) -> None:
        if given := given_servers():
            raise ProcessError(
                f"--fresh erases only what the demonstration made; {' and '.join(given)} is not its own."
            )
        with self._step("Old data erased"):
            embedded.erase()

    def _check(self, addresses: Addresses, folder: Path) -> None:
        """Play the scenario; a failed step ends the command with 1."""
        from portal.demo.scenario import play  # reads pages and writes bank files, of which a plain start needs nothing
        from portal.demo.stage import Stage

        passed, failed = play(Stage(addresses, folder), self.stdout.write)
        self.stdout.write(f"{passed} passed, {failed} failed")
        if failed:
            sys.exit(1)

    @contextlib.contextmanager
    def _step(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.stdout.write(f"{title:<24}{time.monotonic() - started:6.1f} s")
        self.stdout.flush()


def given_servers() -> list[str]:
    """Name the servers that are somebody else's."""
    return [name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)]


def command_in_another_terminal(folder: Path, *words: str) -> str:
    """A command as it is to be typed there; one that is told nothing looks into `.data`."""
    typed = shlex.join([str(settings.BASE_DIR / "manage.py"), *words])
    usual = settings.BASE_DIR / ".data"
    return typed if folder.absolute() == usual else f"DUEPROOF_DATA={shlex.quote(str(folder.absolute()))} {typed}"


def where_to_look(addresses: Addresses, folder: Path) -> str:
    """Return the lines that tell a newcomer which pages there are and how to sign in."""
    portal, sandbox = f"http://{HOST}:{addresses.web}", f"http://{HOST}:{addresses.sandbox}"
    next_file = str(folder / "book" / NEXT_NOTIFICATION)
    lines = {
        "Portal": f"{portal}/",
        "Desk": f"{portal}/desk/",
        "Phone and mailbox": f"{sandbox}/",
        "Logs": str(folder / "logs"),
        "The bank's next file": command_in_another_terminal(folder, "import_statement", next_file),
    }
    places = "".join(f"{title:<24}{place}\n" for title, place in lines.items())
    people = "".join(f"{email:<32}{password:<16}{who}\n" for who, email, password in sign_ins(folder))
    return f"\n{places}\nSign in with\n{people}\n{say_when()}\nCtrl-C stops everything.\n"
