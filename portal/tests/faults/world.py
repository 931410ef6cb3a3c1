"""The whole product on servers of its own: a database, a broker, receivers, two workers, a beat, and the sandbox."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import environ
import psycopg
import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import load_backend
from kombu import Connection
from psycopg.conninfo import make_conninfo

from notifications import tasks
from notifications.tests.outside import SandboxProcess
from notifications.tests.peers import wait_until
from portal.celery import app
from portal.demo.addresses import HOST, choose_addresses, next_free
from portal.demo.environment import describe
from portal.demo.programs import manage
from portal.embedded import Embedded
from portal.embedded.postgres import DATABASE, Postgres
from portal.embedded.sockets import RunFolder
from portal.embedded.valkey import Valkey
from portal.processes import Child
from portal.supervisor import Program
from portal.tests.faults import programs, twilio
from portal.tests.faults.crew import Crew

FIRST_PORT: Final = 8300


class World:
    """Starts with the first test and stays: what a test has broken, `restore` mends before the next.

    `pace` is that of the ladders. The servers are killed and started by this process, and by no other.
    """

    def __init__(self, folder: Path, *, pace: float) -> None:
        self.folder = folder
        self._place = Embedded(folder)
        self._place.lock()
        run = RunFolder(folder)
        self.valkey, self.postgres = Valkey(folder, run), Postgres(folder, run, fast=False)
        self.valkey.start()
        self.postgres.start()
        self.redis_url, self.database_url = self.valkey.url, self.postgres.url
        self._clock = folder / "clock"
        self.set_clock(timedelta())
        addresses = choose_addresses(next_free(FIRST_PORT))
        env = {
            **os.environ,
            **describe(folder, addresses),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": settings.SECRET_KEY,
            "LADDER_PACE": str(pace),
            "DATABASE_PATIENCE": "5",
            "TWILIO_AUTH_TOKEN": twilio.TOKEN,
            "DJANGO_SETTINGS_MODULE": "portal.tests.faults.settings",
        }
        self.crew = Crew(settings.BASE_DIR, folder / "logs", env)
        self.sandbox = SandboxProcess(f"http://{HOST}:{addresses.sandbox}/", addresses.mail)
        self.workers = [programs.make_worker(name) for name in ("worker-1", "worker-2")]
        self.shifted_workers = [programs.make_shifted_worker(name, self._clock) for name in ("shifted-1", "shifted-2")]
        # It wakes whoever calls, where somebody does, and hands nothing over itself.
        beat = programs.with_env(programs.make_beat("beat"), twilio.Twilio("https://twilio.example").env)
        self._others = [*programs.make_receivers(addresses, env), beat]
        self.settled = False

    def spared_workers(self, env: Mapping[str, str]) -> list[Program]:
        """Workers that have further providers."""
        return [programs.with_env(programs.make_worker(name), env) for name in ("spared-1", "spared-2")]

    def migrate(self) -> None:
        """Make the tables anew: an earlier run may have been of another version."""
        with psycopg.connect(make_conninfo(self.database_url, dbname="postgres"), autocommit=True) as server:
            # Whatever is committed has been written, so that no kill loses it: only a power cut could.
            server.execute("ALTER SYSTEM SET fsync = off")
            server.execute("SELECT pg_reload_conf()")
            server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {DATABASE}")
        log = self.folder / "logs" / "migrate.log"
        command = manage("migrate", "--noinput", "--skip-checks")
        child = Child("migrate", command, log, env=self.crew.env, cwd=settings.BASE_DIR)
        child.start()
        wait_until("the tables were made", lambda: child.returncode is not None, 120)
        if child.returncode:
            raise child.failure()

    def restore(self, workers: Sequence[Program]) -> None:
        """Everything runs, with these workers; clocks are right, and the provider does as usual."""
        for server in (self.valkey, self.postgres):
            if server.child.returncode is not None:
                server.start()
        self.set_clock(timedelta())
        self.crew.restore([*self._others, *workers])
        self.sandbox.reset()
        self.settled = False

    def nudge(self) -> None:
        """A plan at once, whatever the clock of who takes it: this wake-up never expires."""
        with Connection(self.redis_url.replace("unix://", "redis+socket://", 1)) as broker:
            app.send_task(tasks.plan.name, queue="planning", connection=broker)

    def restart_broker(self) -> None:
        """kill -9, and start again."""
        _kill(self.valkey.child)
        self.valkey.start()

    def forget_all_in_broker(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()

    def restart_database(self) -> None:
        """As an administrator does: sessions are ended at once, what is committed is written."""
        self.postgres.stop()
        self.postgres.start()

    def crash_database(self) -> None:
        """kill -9 of the server and of all its processes, and start again: it recovers from its log."""
        _kill(self.postgres.child)
        self.postgres.start()

    def start_second_beat(self) -> None:
        self._start(programs.make_beat("beat-2"))

    def start_hasty_worker(self) -> None:
        """One that gives up the claims of others after two seconds."""
        self._start(programs.make_worker("hasty"), CLAIM_LEASE="2")

    def _start(self, program: Program, **env: str) -> None:
        self.crew.start(program, **env)
        self.crew.wait_until_ready(program.name)

    def set_clock(self, shift: timedelta) -> None:
        """From now on the clock of the shifted workers is wrong by this."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(shift.total_seconds()))
        new.rename(self._clock)

    def clock(self) -> timedelta:
        return timedelta(seconds=float(self._clock.read_text()))

    def stop(self) -> None:
        self.crew.stop()
        self.postgres.stop()
        self.valkey.stop()
        self._place.stop()


def _kill(child: Child) -> None:
    """PostgreSQL's processes each have a group of their own."""
    if child.popen is None:
        return
    pid = child.popen.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in (pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    child.popen.wait()


@contextmanager
def looking_into(database_url: str) -> Iterator[None]:
    """The models of this process read and write that database while the block runs."""
    before = connections[DEFAULT_DB_ALIAS]
    described = {**before.settings_dict, **environ.Env.db_url_config(database_url)}  # type: ignore[no-untyped-call]
    described["OPTIONS"] = {name: value for name, value in described["OPTIONS"].items() if name != "pool"}
    connections[DEFAULT_DB_ALIAS] = load_backend(described["ENGINE"]).DatabaseWrapper(described, DEFAULT_DB_ALIAS)
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS].close()
        connections[DEFAULT_DB_ALIAS] = before
