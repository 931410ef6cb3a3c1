"""The environment of the demonstration's programs, and the file that gives it to other terminals."""

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from notifications.channels.vapid import make_private_key
from portal.demo.addresses import HOST, Addresses
from portal.processes import open_private

KEYS: Final[dict[str, Callable[[], str]]] = {
    "SECRET_KEY": lambda: secrets.token_hex(32),
    "KANNEL_PASSWORD": lambda: secrets.token_hex(32),
    "KANNEL_CALLBACK_TOKEN": lambda: secrets.token_hex(32),
    "VAPID_PRIVATE_KEY": make_private_key,
}


USUAL_SPEED: Final = 720
"""So many times as fast as in life a wait of the ladders is."""


def read_keys(folder: Path) -> dict[str, str]:
    """Return the secrets, made up at the first start and kept, so that sessions, links and devices outlive a restart.

    A version that needs one more makes it up then, and leaves the others as they are.
    """
    path = folder / "keys.json"
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    keys = {name: known.get(name) or make() for name, make in KEYS.items()}
    if keys != known:
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with open_private(new) as file:
            file.write(json.dumps(keys).encode())
        new.rename(path)
    return keys


def describe(folder: Path, addresses: Addresses) -> dict[str, str]:
    """Return what the demonstration sets, without its servers. What somebody has set for real keeps its value."""
    ours = {
        **read_keys(folder),
        "DEBUG": "0",
        "PUBLIC_URL": f"http://{HOST}:{addresses.web}",
        "EMAIL_URL": f"smtp://{HOST}:{addresses.mail}",
        "KANNEL_URL": f"http://{HOST}:{addresses.sandbox}/cgi-bin/sendsms",
        "KANNEL_USERNAME": "dueproof",
        "BOUNCE_HOST": HOST,
        "BOUNCE_PORT": str(addresses.bounces),
        "SANDBOX_URL": f"http://{HOST}:{addresses.sandbox}",
        # The sandbox's push service is on this machine, where no push of life may go.
        "WEB_PUSH_ALLOW_PRIVATE": "1",
        # Who looks at three in the morning wants to see a message too, and not to wait four hours for the next.
        "CONTACT_HOURS": "00:00-24:00",
        "LADDER_PACE": str(1 / USUAL_SPEED),
    }
    chosen = {name: os.environ.get(name) or value for name, value in ours.items()}
    return {**chosen, "DUEPROOF_DATA": str(folder)}


def say_when() -> str:
    """How long waits are and at which hours messages go out, as the environment has it."""
    speed = 1 / float(os.environ.get("LADDER_PACE") or 1 / USUAL_SPEED)
    hours = os.environ.get("CONTACT_HOURS")
    return f"Waits run {speed:.0f} times as fast as in life, and messages go out {hours or 'at any hour'}."


@contextlib.contextmanager
def shared_with_other_terminals(folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """Keep `<folder>/env`, which portal/settings reads, while the block runs. It holds passwords, so it is private."""
    path = folder / "env"
    path.unlink(missing_ok=True)
    with open_private(path) as file:
        lines = (f"{name}={value}\n" for name, value in settings.items() if name != "DUEPROOF_DATA")
        file.write("".join(lines).encode())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
