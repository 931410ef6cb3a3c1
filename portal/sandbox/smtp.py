"""The sandbox's mail server: SMTP with delivery reports on request (RFC 3461)."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.sandbox.chunks import ChunkedEnvelope, ChunkingServer
from portal.sandbox.delivery_reports import ReportSender
from portal.sandbox.faults import Fault, Handling, find_fault_of_address
from portal.sandbox.messages import Recorded, Wording
from portal.sandbox.receipts import OVERTAKEN_SECONDS, Timetable
from portal.sandbox.store import Store

COMMAND_LIMIT: Final = 2_000
"""Octets. RFC 3461 lets its parameters make a command 500 octets longer, and addresses in xtext need it."""
SIZE_LIMIT: Final = 10_000_000

SENDER_OPTION = re.compile(r"\s(RET|ENVID)=(\S+)", re.IGNORECASE)
RECIPIENT_OPTION = re.compile(r"\s(NOTIFY|ORCPT)=(\S+)", re.IGNORECASE)
XTEXT = re.compile(r"\+([0-9A-F]{2})")


class ReportingEnvelope(ChunkedEnvelope):
    """An envelope with what its sender asked to be told."""

    def __init__(self) -> None:
        super().__init__()
        self.wishes: dict[str, str] = {}


class MailServer(ChunkingServer):
    """Takes the four parameters of RFC 3461 off the commands, and leaves the rest to others."""

    command_size_limit = COMMAND_LIMIT
    command_size_limits = defaultdict(lambda: COMMAND_LIMIT)

    def _create_envelope(self) -> ReportingEnvelope:
        return ReportingEnvelope()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802  (aiosmtpd finds commands by their name)
        await super().smtp_MAIL(self._take_wishes(SENDER_OPTION, arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        await super().smtp_RCPT(self._take_wishes(RECIPIENT_OPTION, arg))

    def _take_wishes(self, option: re.Pattern[str], arg: str | None) -> str | None:
        if arg is None or not isinstance(self.envelope, ReportingEnvelope):
            return arg
        self.envelope.wishes.update((name.upper(), value) for name, value in option.findall(arg))
        return option.sub("", arg)


class MailHandler:
    """Does with each mail what its recipient's fault says. One recipient a mail, so that each has its own answer."""

    def __init__(self, store: Store, timetable: Timetable, reports: ReportSender) -> None:
        self._store = store
        self._timetable = timetable
        self._reports = reports

    async def handle_EHLO(  # noqa: N802  (aiosmtpd finds hooks by their name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-CHUNKING", "250-DSN", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: ReportingEnvelope, address: str, options: list[str]
    ) -> str:
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        refusal = self._refuse(find_fault_of_address(address, self._store.usual), envelope)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    def _refuse(self, fault: Fault, envelope: ReportingEnvelope) -> str:
        reference = envelope.wishes.get("ENVID", "") or envelope.mail_from or ""
        again = fault.handling is Handling.FAIL_TWICE and self._store.count_attempt(reference) <= 2
        answers = {Handling.REJECT: "550 5.1.1 User unknown", Handling.BREAK: "421 4.3.0 Internal error, closing"}
        answer = "451 4.3.0 Please try again later" if again else answers.get(fault.handling, "")
        if answer:
            self._store.note_refusal("email", fault.handling)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: ReportingEnvelope) -> str:  # noqa: N802
        fault = find_fault_of_address(envelope.rcpt_tos[0], self._store.usual)
        if fault.handling is Handling.HANG:
            self._store.note_refusal("email", fault.handling)
            await asyncio.Event().wait()
        message = make_message(envelope, fault)
        self._store.add(message)
        self._timetable.follow(message, fault, self._reports.report)
        if fault.handling is Handling.TAKE_LATE:
            await self._store.wait_for_receipt(message, OVERTAKEN_SECONDS)
        if fault.handling is Handling.DROP and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return f"250 2.0.0 OK: queued as SBX{message.number:09d}"


def make_message(envelope: ReportingEnvelope, fault: Fault) -> Recorded:
    """A mail as the sandbox keeps it."""
    reference = XTEXT.sub(lambda found: chr(int(found[1], 16)), envelope.wishes.get("ENVID", ""))
    return Recorded(
        channel="email",
        recipient=envelope.rcpt_tos[0],
        reference=reference,
        raw=envelope.original_content or b"",
        read=read_mail,
        fault=fault.key,
        report_to=(envelope.mail_from or "").strip("<>"),
        report_on=frozenset(envelope.wishes.get("NOTIFY", "FAILURE").upper().split(",")),
    )


def read_mail(raw: bytes) -> Wording:
    """However malformed the mail: what cannot be read is left empty."""
    try:
        mail = message_from_bytes(raw, EmailMessage, policy=policy.default)
    except RecursionError:
        return Wording(sender="", text="")
    return Wording(
        sender=_read(lambda: mail.get("From")),
        subject=_read(lambda: mail.get("Subject")),
        text=_read(lambda: _read_body(mail, "plain")),
        html=_read(lambda: _read_body(mail, "html")),
    )


def _read_body(mail: EmailMessage, subtype: str) -> str | None:
    part = mail.get_body((subtype,))
    return None if part is None else part.get_content()


def _read(look: Callable[[], object]) -> str:
    """The standard library meets malformed mail with many kinds of exception."""
    try:
        return str(look() or "")
    except (ValueError, LookupError, AttributeError, TypeError, MessageError, RecursionError):
        return ""
