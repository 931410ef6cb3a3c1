"""The sandbox as a process, and what tests send to it."""

import smtplib
from queue import Queue
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from notifications.tests.outside import SandboxProcess
from portal.sandbox.faults import FAULTS, Handling

REFERENCE = "0190c1de-0000-8000-8000-0123456789ab"
ESCAPES = "type=%d&answer=%A&smsc_reference=%F&time=%T"
MAIL = b"From: a@portal.example\r\nTo: li@example.com\r\nSubject: Due\r\n\r\nDue tomorrow\r\n"
TAKING = [fault for fault in FAULTS if fault.handling in (Handling.TAKE, Handling.TAKE_LATE) and fault.key != "slow"]


class Bounces:
    """Where the sandbox's delivery reports arrive; `refusals` counts down the reports that are refused before."""

    def __init__(self) -> None:
        self.reports: Queue[bytes] = Queue()
        self.refusals = 0

    def store(self, raw: bytes) -> int:
        if self.refusals:
            self.refusals -= 1
            raise OSError("not now")
        self.reports.put(raw)
        return 1


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def send_text(sandbox: SandboxProcess, number: str = "+8613800139999", **fields: str) -> tuple[int, str]:
    usual = {
        "username": "sandbox",
        "password": "sandbox",
        "from": "10690",
        "to": number,
        "text": "Due",
        "dlr-mask": "31",
    }
    return get(f"{sandbox.url}cgi-bin/sendsms?{urlencode(usual | fields)}")


def send_mail(
    sandbox: SandboxProcess,
    recipient: str = "li@example.com",
    notify: str = "NOTIFY=SUCCESS,FAILURE,DELAY",
    sender: str = f"bounce+{REFERENCE}@bounces.example",
) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, "portal.example", timeout=10) as client:
        client.sendmail(sender, [recipient], MAIL, ["RET=HDRS", f"ENVID={REFERENCE}"], [notify] if notify else [])
