"""A partner's side of the interface: signs and pushes events, asks what became of them, verifies what is sent back.

Python 3.11 and its standard library. Nothing of the portal is imported; take the file as it is.

    DUEPROOF_SECRET=whsec_… python partner_client.py https://portal.example harbour < event.json
"""

import base64
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

TOLERANCE = 5 * 60
"""Seconds between the sender's clock and ours."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: HMAC-SHA256 over id, timestamp and body, with a full stop between them."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> bool:
    """Whether a message that came with these headers (names in lower case) is authentic and fresh.

    Verify the bytes as they came, before reading them as JSON, and take each webhook-id once.
    """
    message_id, written = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (message_id and written.isascii() and written.isdigit()):
        return False
    timestamp = int(written)
    if abs((time.time() if now is None else now) - timestamp) > TOLERANCE:
        return False
    expected = sign(secret, message_id, timestamp, body).encode()
    given = headers.get("webhook-signature", "").encode().split(b" ")
    return any(hmac.compare_digest(one, expected) for one in given)


@dataclass(frozen=True)
class Answer:
    """`body` is what the answer says, read as JSON; None where it is none."""

    status: int
    headers: Message
    body: Any


@dataclass(frozen=True)
class Portal:
    """One partner at one portal: `url` such as https://portal.example, `code` and `secret` as they were given to it."""

    url: str
    code: str
    secret: str

    def push(self, *events: Mapping[str, Any], message_id: str = "") -> Answer:
        """Push events as one message. Where no answer came, push them again under the same message_id."""
        document = events[0] if len(events) == 1 else {"events": events}
        return self.post(json.dumps(document).encode(), message_id or f"msg_{uuid.uuid4().hex}")

    def post(
        self, body: bytes, message_id: str, timestamp: int | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sign these bytes and post them. `headers` take the place of our own; an empty one is left out."""
        timestamp = int(time.time()) if timestamp is None else timestamp
        path = f"/api/v1/partners/{urllib.parse.quote(self.code)}/events"
        return self._ask(urllib.parse.urljoin(self.url, path), body, message_id, timestamp, headers or {})

    def status(self, status_url: str, message_id: str) -> Answer:
        """What became of the message that was pushed under this id."""
        return self._ask(status_url, b"", message_id, int(time.time()), {})

    def _ask(self, url: str, body: bytes, message_id: str, timestamp: int, more: Mapping[str, str]) -> Answer:
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self.secret, message_id, timestamp, body),
        }
        kept = {name: value for name, value in (headers | dict(more)).items() if value}
        return ask(urllib.request.Request(url, body or None, kept))


def ask(request: urllib.request.Request) -> Answer:
    """Send a request; an answer that refuses is an answer, too. Raises OSError where none comes within 30 s."""
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Answer(response.status, response.headers, _json(response.read()))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, _json(error.read()))


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def main() -> None:
    url, code = sys.argv[1:3]
    portal = Portal(url, code, os.environ["DUEPROOF_SECRET"])
    answer = portal.post(sys.stdin.buffer.read(), f"msg_{uuid.uuid4().hex}")
    sys.stdout.write(f"{answer.status} {json.dumps(answer.body, indent=2)}\n")
    sys.exit(0 if answer.status == 202 else 1)


if __name__ == "__main__":
    main()
