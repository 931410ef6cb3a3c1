"""Twilio, as far as this suite needs it: it takes text messages and calls, says what became of them, and counts."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator

from notifications.tests.providers import DROP, HANG, Answer, Asked, run_provider
from portal.sandbox.faults import BY_KEY

TOKEN: Final = "an-auth-token"
NUMBER: Final = "+14155552345"
ACCOUNT: Final = f"AC{'0' * 32}"
REPORTERS: Final = 4
"""As many callbacks at once."""


@dataclass
class Twilio:
    """`copies` has by channel and reference an empty word for each copy that came, as the sandbox's has."""

    url: str = ""
    copies: dict[str, dict[str, list[str]]] = field(default_factory=lambda: {"sms": {}, "voice": {}})

    @property
    def env(self) -> dict[str, str]:
        """Of who sends by it: text messages where Kannel did not take them, and all calls."""
        return {
            "SMS_PROVIDERS": "kannel,twilio",
            "VOICE_PROVIDERS": "twilio_voice",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_SENDER": NUMBER,
            "TWILIO_CALLER": NUMBER,
            "TWILIO_CALLS_PER_SECOND": "1000",
            "TWILIO_API_URL": self.url,
        }

    def forget(self) -> None:
        for copies in self.copies.values():
            copies.clear()

    def count(self, channel: str) -> int:
        return sum(map(len, list(self.copies[channel].values())))


@contextmanager
def run_twilio() -> Iterator[Twilio]:
    """A phone that the sandbox's table says so of hangs or drops a call; every other one is answered by a person, who
    listens to the end. Text messages are taken and delivered.
    """
    twilio = Twilio()
    with ThreadPoolExecutor(REPORTERS) as reporters:

        def take(asked: Asked) -> Answer:
            form = asked.form
            channel = "voice" if "/Calls.json" in asked.target else "sms"
            meets = form["To"][-4:] if channel == "voice" else ""
            if meets == BY_KEY["hang"].ending:
                return HANG
            sid = f"{'CA' if channel == 'voice' else 'SM'}{uuid4().hex}"
            [reference] = parse_qs(urlsplit(form["StatusCallback"]).query)["reference"]
            twilio.copies[channel].setdefault(reference, []).append("")
            reporters.submit(_call if channel == "voice" else _deliver, form, sid)
            return DROP if meets == BY_KEY["drop"].ending else Answer(201, json.dumps({"sid": sid, "status": "queued"}))

        with run_provider(take) as provider:
            twilio.url = provider.url
            yield twilio


def _deliver(form: Mapping[str, str], sid: str) -> None:
    _post(form["StatusCallback"], {"MessageSid": sid, "MessageStatus": "delivered"})


def _call(form: Mapping[str, str], sid: str) -> None:
    answered = {"CallSid": sid, "CallStatus": "in-progress", "AnsweredBy": "human"}
    gather = ElementTree.fromstring(_post(form["Url"], answered)).find("Gather")
    if gather is not None:
        _post(str(gather.get("action")), {"CallSid": sid, "CallStatus": "in-progress"})
    _post(form["StatusCallback"], answered | {"CallStatus": "completed"})


def _post(address: str, form: dict[str, str]) -> bytes:
    """Signed as Twilio's own client does it; what is not taken is not said again."""
    url = address.partition("#")[0]
    validator: Any = RequestValidator(TOKEN)  # type: ignore[no-untyped-call]
    headers = {"X-Twilio-Signature": validator.compute_signature(url, form)}
    body = b"<Response/>"
    with suppress(OSError), urlopen(Request(url, urlencode(form).encode(), headers), timeout=10) as answer:
        body = answer.read()
    return body
