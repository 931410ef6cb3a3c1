"""Where the scenario plays: the running portal, the sandbox beside it, and the commands of a second terminal."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from django.conf import settings

from portal.demo.addresses import HOST, Addresses
from portal.demo.browsers import browser_of
from portal.demo.people import Person
from portal.demo.programs import manage
from portal.demo.sign_ins import AGENT_EMAIL, sign_ins
from portal.demo.visitor import UnexpectedPageError, Visitor

Found = TypeVar("Found")
PATIENCE: Final = 90.0
"""Seconds: the sweeps that look at the firms come once a minute, the others every few seconds."""
LOOK_EVERY: Final = 0.3


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is reached over real connections; nothing here looks into the database."""

    addresses: Addresses
    folder: Path

    @property
    def portal(self) -> str:
        return f"http://{HOST}:{self.addresses.web}"

    @property
    def sandbox(self) -> str:
        return f"http://{HOST}:{self.addresses.sandbox}"

    def visitor(self) -> Visitor:
        return Visitor(self.portal)

    def signed_in(self, email: str) -> Visitor:
        """A browser in which this person is signed in."""
        password = next(word for _who, address, word in sign_ins(self.folder) if address == email)
        visitor = self.visitor()
        visitor.sign_in(email, password)
        return visitor

    def agent(self) -> Visitor:
        return self.signed_in(AGENT_EMAIL)

    def messages(self, channel: str, person: Person) -> list[dict[str, Any]]:
        """What the sandbox's phone, mailbox or browser of this person holds, the oldest first."""
        address = {"sms": person.phone, "email": person.email, "push": browser_of(person)}[channel]
        query = urllib.parse.urlencode({"channel": channel, "to": address})
        with urllib.request.urlopen(f"{self.sandbox}/api/messages?{query}") as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)["messages"]
        return found

    def run(self, *words: str) -> str:
        """A management command in a process of its own; its output. Raises UnexpectedPageError if it fails."""
        done = subprocess.run(  # noqa: S603
            manage(*words), cwd=settings.BASE_DIR, env=self._env(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise UnexpectedPageError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def _env(self) -> dict[str, str]:
        return {**os.environ, "DUEPROOF_DATA": str(self.folder)}

    def until(self, look: Callable[[], Found | None]) -> Found:
        """The first truthy thing that `look` finds. Raises its last complaint when patience is over."""
        end = time.monotonic() + PATIENCE
        while True:
            complaint = "nothing was found"
            try:
                if found := look():
                    return found
            except UnexpectedPageError as error:
                complaint = str(error)
            if time.monotonic() > end:
                raise UnexpectedPageError(f"after {PATIENCE:.0f} s: {complaint}")
            time.sleep(LOOK_EVERY)
