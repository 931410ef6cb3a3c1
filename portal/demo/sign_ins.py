"""Who can sign in to the demonstration, and the file that tells: read by what shows it to a person."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from portal.processes import open_private

AGENT_EMAIL: Final = "agent@example.test"
NEXT_NOTIFICATION: Final = "harbour-054-2.xml"
"""What the bank will send when it has booked the payment that only the platform has seen so far."""
SignIn = tuple[str, str, str]
"""Who, email, password."""


def sign_ins(folder: Path) -> list[SignIn]:
    """Those who can sign in; empty before the book is loaded."""
    path = folder / "sign-ins.json"
    return [(who, email, password) for who, email, password in json.loads(path.read_text())] if path.exists() else []


def keep_sign_ins(folder: Path, people: Iterable[SignIn]) -> None:
    """Write the file anew; it holds passwords, so it is private."""
    path = folder / "sign-ins.json"
    path.unlink(missing_ok=True)
    with open_private(path) as out:
        out.write(json.dumps(list(people), ensure_ascii=False).encode())
