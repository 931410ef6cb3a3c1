"""Where bounces come home: a small mail server, by SMTP or LMTP, that takes nothing but bounces of our own mail.

A mail is answered 250 only once it is stored. Whatever goes wrong before is answered 451, so that the sending server
keeps the mail and tries again.
"""

import asyncio
import logging
import re
import traceback
from collections.abc import Callable
from typing import Any, Final

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from notifications.channels.delivery_reports import UUID

log = logging.getLogger(__name__)

SIZE_LIMIT: Final = 250_000
"""Octets. We ask for our headers alone; who returns all of our mail, of some ten thousand, stays far below."""
LINE_LIMIT: Final = 64_000
"""Octets. Other people's mail systems write longer lines than the standard's 998; a refused report would be lost."""

CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
"""In a sender's address they would end the line that it is written on, and with it what we write below."""

Store = Callable[[bytes], int]
IsOurs = Callable[[str], bool]


class BounceServer(SMTP):
    """SMTP that also answers LMTP's greeting; each transaction is for one address, so their replies look alike."""

    line_length_limit = LINE_LIMIT

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802  (aiosmtpd finds commands by their name)
        await self.smtp_EHLO(hostname)


class BounceHandler:
    """Checks who a mail is for and hands its bytes to `store`, in a thread: `store` may wait for a database."""

    def __init__(self, store: Store, is_ours: IsOurs, bounce_domain: str) -> None:
        self._store = store
        self._is_ours = is_ours
        self._wanted = re.compile(rf"bounce\+({UUID})@{re.escape(bounce_domain)}", re.IGNORECASE)

    async def handle_RCPT(  # noqa: N802  (aiosmtpd finds hooks by their name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        wanted = self._wanted.fullmatch(address)
        if wanted is None or not self._is_ours(wanted[1]):
            return "550 5.1.1 Only bounces of our own mail are taken here"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time, please send the others separately"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Adds the two lines that every final mail system adds (RFC 5321, 4.4): they hold the envelope."""
        trace = f"Return-Path: {_angle(envelope.mail_from)}\r\nDelivered-To: {envelope.rcpt_tos[0]}\r\n"
        content = envelope.original_content or b""
        try:
            kept = await asyncio.to_thread(self._store, trace.encode() + content)
        except Exception as error:  # whatever it is, the sender must keep the mail
            # Where it failed and not its message: a database quotes the row, and with it the mail.
            where = "".join(traceback.format_tb(error.__traceback__))
            failed = "A bounce of %d bytes could not be stored (%s); its sender was asked to try again.\n%s"
            log.error(failed, len(content), type(error).__name__, where)
            return "451 4.3.0 Not stored, please try again later"
        log.debug("Of a bounce of %d bytes, %d message was kept.", len(content), kept)
        return "250 2.6.0 Stored"


def make_bounce_server(
    store: Store, is_ours: IsOurs, bounce_domain: str, loop: asyncio.AbstractEventLoop
) -> BounceServer:
    """One connection's protocol, for `loop.create_server`. `is_ours` judges a reference in a recipient's address."""
    hide_addresses()
    settings: dict[str, Any] = {"data_size_limit": SIZE_LIMIT, "enable_SMTPUTF8": True, "loop": loop}
    return BounceServer(
        BounceHandler(store, is_ours, bounce_domain), hostname=bounce_domain, ident="bounces", **settings
    )


def hide_addresses() -> None:
    """The mail library logs every address at INFO, and as a warning the first word of each line that is no command: of
    a mail that was not to be sent, that may be anything. None of it may reach a log.
    """
    logging.getLogger("mail.log").setLevel(logging.ERROR)


def _angle(path: str | None) -> str:
    path = CONTROLS.sub("", path or "")
    return path if path.startswith("<") else f"<{path}>"
