"""The two firms of the demonstration at their own side of the interface: they sign what they push, and ask what became
of it.
"""

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings

from loans.api.signature import sign
from portal.demo.book import BANK, PLATFORM
from portal.demo.stage import Stage
from portal.demo.visitor import UnexpectedPageError

TIMEOUT: Final = 20
DONE: Final = {"applied", "unchanged", "kept"}


@dataclass(frozen=True, slots=True)
class Firm:
    """A partner with a key of its own, made by the command that operators use."""

    stage: Stage
    code: str
    secret: str

    @classmethod
    def at(cls, stage: Stage, code: str) -> "Firm":
        return cls(stage, code, stage.run("rotate_partner_key", code).strip())

    def push(self, kind: str, /, **data: Any) -> None:
        """Push one event and wait until it is applied. Raises UnexpectedPageError where it is refused."""
        message = f"msg_{uuid.uuid4().hex}"
        event = {"id": uuid.uuid4().hex, "type": kind, "occurred_at": datetime.now(UTC).isoformat(), "data": data}
        kept = self._ask(f"/api/v1/partners/{self.code}/events", message, json.dumps(event).encode())
        self.stage.until(lambda: self._applied(kept["status_url"], message))

    def _applied(self, status_url: str, message: str) -> bool:
        events = self._ask(status_url, message, b"")["events"]
        if undone := [event for event in events if event["status"] not in DONE]:
            raise UnexpectedPageError(f"{self.code}'s event was not applied: {undone[0]}")
        return bool(events)

    def _ask(self, path: str, message: str, body: bytes) -> Any:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self.secret, message, timestamp, body),
        }
        url = path if path.startswith("http") else f"{self.stage.portal}{path}"
        request = urllib.request.Request(url, body or None, headers)  # noqa: S310 - the portal's own address
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            return json.load(answer)


def interface_is_checked(stage: Stage) -> str:
    """`bin/partner-check`, as the engineers of a bank and of a platform run it. Raises UnexpectedPageError."""
    said = []
    for code in (BANK, PLATFORM):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "bin/partner-check", stage.portal, code, "-"],
            cwd=settings.BASE_DIR,
            input=Firm.at(stage, code).secret,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            failed = [line for line in lines if line.startswith("FAILED")]
            raise UnexpectedPageError(f"{code}: {'; '.join(failed) or done.stderr.strip()}")
        said.append(f"{code}: {lines[-1]}")
    return "; ".join(said)
