"""Delivery reports (RFC 3464) for the mail that the sandbox took, sent by SMTP to where bounces are received."""

import asyncio
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message as Part
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import Final

from portal.sandbox.faults import Word
from portal.sandbox.messages import Recorded
from portal.sandbox.store import Store

NAME: Final = "mail.sandbox.test"
TRIES: Final = 6
AT_ONCE: Final = 100
TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a word reads in a report, and which NOTIFY asks for it."""

    notify: str
    action: str
    status: str
    diagnostic: str
    sentence: str


REPORTS = {
    Word.DELIVERED: Report("SUCCESS", "delivered", "2.1.5", "250 2.1.5 OK", "was delivered"),
    Word.RELAYED: Report("SUCCESS", "relayed", "2.0.0", "250 2.0.0 OK", "was handed on to a system without reports"),
    Word.UNDELIVERED: Report("FAILURE", "failed", "5.1.1", "550 5.1.1 User unknown", "could not be delivered"),
    Word.REFUSED: Report("FAILURE", "failed", "5.7.1", "554 5.7.1 Refused by policy", "was refused on the way"),
    Word.DELAYED: Report("DELAY", "delayed", "4.4.1", "connect: Connection timed out", "is delayed"),
}
"""Mail has no word for ACCEPTED: that is the answer to the hand-over itself."""


def write_report(message: Recorded, word: Word, now: datetime) -> bytes:
    """The whole report: for people, for machines, and the mail's headers. ORCPT is not given back."""
    facts = REPORTS[word]
    report = MIMEMultipart("report", report_type="delivery-status", policy=SMTP)
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{NAME}>"
    report["To"] = message.report_to
    report["Subject"] = "Delivery report"
    report["Date"] = format_datetime(now)
    report["Message-ID"] = make_msgid(domain=NAME)
    report["Auto-Submitted"] = "auto-replied"
    report.attach(
        MIMEText(f"This is the mail system at {NAME}.\n\nYour message {facts.sentence}.\n", "plain", "us-ascii")
    )
    report.attach(_write_status(message, facts, now))
    headers, _, _ = message.raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    report.attach(MIMEText(headers.decode("ascii", "backslashreplace") + "\n", "rfc822-headers", "us-ascii"))
    return report.as_bytes(policy=SMTP)


def _write_status(message: Recorded, facts: Report, now: datetime) -> Part:
    about_mail, about_recipient = Part(), Part()
    about_mail["Reporting-MTA"] = f"dns; {NAME}"
    if message.reference:
        about_mail["Original-Envelope-Id"] = message.reference
    about_mail["Arrival-Date"] = format_datetime(message.arrived_at)
    about_recipient["Final-Recipient"] = f"rfc822; {message.recipient}"
    about_recipient["Action"] = facts.action
    about_recipient["Status"] = facts.status
    about_recipient["Diagnostic-Code"] = f"smtp; {facts.diagnostic}"
    about_recipient["Last-Attempt-Date"] = format_datetime(now)
    status = MIMENonMultipart("message", "delivery-status")
    status.set_payload([about_mail, about_recipient])
    return status


@dataclass(slots=True)
class Due:
    """A report on its way; `tried` counts the times that it could not be handed over."""

    message: Recorded
    word: Word
    content: bytes
    tried: int = 0
    answer: str = ""


class ReportSender:
    """Hands reports over from one thread, many on one connection, and tries again those that were not taken."""

    def __init__(self, store: Store, host: str, port: int, retry_seconds: float) -> None:
        self._store = store
        self._address = (host, port)
        self._retry_seconds = retry_seconds
        self._due: asyncio.Queue[Due] = asyncio.Queue()
        self._worker = asyncio.create_task(self._work())
        self.coming = 0
        """Reports that are still to be handed over."""

    async def report(self, message: Recorded, word: Word) -> None:
        """Nothing is sent that nobody asked for, and nothing to the empty sender (RFC 3461, 5.2)."""
        if word in REPORTS and message.report_to and REPORTS[word].notify in message.report_on:
            self.coming += 1
            self._due.put_nowait(Due(message, word, write_report(message, word, datetime.now(UTC))))

    async def close(self) -> None:
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            batch = [await self._due.get()]
            while len(batch) < AT_ONCE and not self._due.empty():
                batch.append(self._due.get_nowait())
            await asyncio.to_thread(self._hand_over, batch)
            for due in batch:
                self._store.note_receipt(due.message, due.word, due.answer)
                due.tried += 1
                if due.answer != "250" and due.tried < TRIES:
                    asyncio.get_running_loop().call_later(self._retry_seconds, self._due.put_nowait, due)
                else:
                    self.coming -= 1

    def _hand_over(self, batch: list[Due]) -> None:
        for due in batch:
            due.answer = ""
        try:
            with smtplib.SMTP(*self._address, local_hostname=NAME, timeout=TIMEOUT) as server:
                for due in batch:
                    due.answer = _send(server, due)
        except (smtplib.SMTPException, OSError) as error:
            for due in batch:
                due.answer = due.answer or type(error).__name__


def _send(server: smtplib.SMTP, due: Due) -> str:
    try:
        server.sendmail("", [due.message.report_to], due.content)
    except smtplib.SMTPRecipientsRefused as refused:
        return str(next(iter(refused.recipients.values()))[0])
    except smtplib.SMTPResponseException as refused:
        return str(refused.smtp_code)
    return "250"
