"""A real Kannel for tests: bearerbox, smsbox and its own message centre."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from notifications.tests.outside import find_free_port
from notifications.tests.peers import accepts_connections, contains, require, wait_until

CORE = """
group = core
admin-port = {admin}
admin-password = unused
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1

group = smsc
smsc = fake
smsc-id = centre
port = {centre}
connect-allow-ip = 127.0.0.1
"""


@dataclass(frozen=True)
class Gateway:
    """Where it listens: for the portal (`sendsms`) and for message centres (`centre`)."""

    folder: Path
    sendsms: int
    centre: int
    status: str

    @contextmanager
    def message_centre(self, name: str, *options: str) -> Iterator[Path]:
        """One message centre; there may be one at a time. Gives its log, which names what it was given."""
        log = self.folder / f"{name}.log"
        program = require("fakesmsc", "kannel-extras")
        with run(log, program, "-H", "127.0.0.1", "-r", str(self.centre), *options):
            yield log


@contextmanager
def run_gateway(folder: Path, services: str) -> Iterator[Gateway]:
    """Both boxes. `services` are all groups but the core and its message centre, with `{sendsms}` and `{boxes}`."""
    bearerbox, smsbox = require("bearerbox", "kannel"), require("smsbox", "kannel")
    ports = {name: find_free_port() for name in ("admin", "boxes", "centre", "sendsms")}
    configuration = folder / "kannel.conf"
    configuration.write_text(f"{CORE}\n{services}".format(**ports))
    box_log = folder / "bearerbox.log"
    status = f"http://127.0.0.1:{ports['admin']}/status.txt?password=unused"
    with ExitStack() as running:
        running.enter_context(run(box_log, bearerbox, "-v", "1", str(configuration)))
        wait_until("bearerbox is up", lambda: contains(box_log, "Start-up done"))
        running.enter_context(run(folder / "smsbox.log", smsbox, "-v", "1", str(configuration)))
        wait_until("smsbox takes messages", lambda: accepts_connections(ports["sendsms"]))
        wait_until("smsbox is connected", lambda: "smsbox:" in fetch(status))
        yield Gateway(folder, ports["sendsms"], ports["centre"], status)


@contextmanager
def run(log: Path, *command: str) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def fetch(url: str) -> str:
    with urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
    return text
