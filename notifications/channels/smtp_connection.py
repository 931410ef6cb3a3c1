"""A conversation with a mail server, mail by mail, in whichever state it is."""

import smtplib
from collections.abc import Iterable
from typing import NamedTuple

from notifications.channels.base import Outcome, Result
from notifications.channels.smtp_commands import Abilities, Mail, write_commands, write_content
from notifications.channels.smtp_replies import CLOSING, EXPECTED, FAULTS, judge_message, judge_refusal, name_fault


class Exchange(NamedTuple):
    """A mail whose content was sent, with the commands of the following one, if any; or what kept it from going."""

    offered: Mail
    following: Mail | None
    fault: Exception | None


class Connection:
    """Open until `usable` turns False. A mail is first offered, then, once the server asks for it, finished."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server
        self._abilities = Abilities.of(server)
        self._refused = False
        self._asked_for_content = False
        self._unread = False
        self.usable = True

    @property
    def pipelines(self) -> bool:
        return self._abilities.pipelining

    @property
    def takes_eight_bits(self) -> bool:
        return self._abilities.eight_bits

    def can_reach(self, mail: Mail) -> bool:
        return self._abilities.other_letters or not mail.recipient.needs_smtputf8

    def can_take(self, mail: Mail) -> bool:
        return self.can_reach(mail) and (self._abilities.eight_bits or not mail.needs_eight_bits)

    def offer(self, mail: Mail) -> Outcome | None:
        """The refusal, or None where the server now waits for the content."""
        try:
            if self._refused:
                self._clear_envelope()
            commands = write_commands(mail, self._abilities)
            if self.pipelines:
                self._server.send(b"".join(commands))
                return self._read_answers(mail)
            return self._ask_one_by_one(mail, commands)
        except FAULTS as error:
            return self._lose(mail, error)

    def begin_to_finish(self, offered: Mail, following: Mail | None) -> Exchange:
        """Send the content, and with it the commands of the following mail; nothing is read yet."""
        commands = write_commands(following, self._abilities) if following else []
        fault = None
        try:
            self._server.send(b"".join([write_content(offered), *commands]))
        except FAULTS as error:
            fault = error
        self._asked_for_content = False
        self._unread = True
        return Exchange(offered, following, fault)

    def finish(self, exchange: Exchange) -> tuple[Outcome, bool, Outcome | None]:
        """Read what the server says to it.

        Gives the outcome; whether the following was answered (where not, it has to be offered again); its refusal.
        """
        offered, following, fault = exchange
        self._unread = False
        if fault:
            # Whether the final dot was among what went out is only certain where nothing followed it.
            return (self._doubt(offered) if following else self._lose(offered, fault)), False, None
        outcome = self._read_verdict(offered)
        if following is None or not self.usable:
            return outcome, False, None
        try:
            return outcome, True, self._read_answers(following)
        except FAULTS as error:
            return outcome, True, self._lose(following, error)

    def close(self) -> None:
        """Say goodbye, unless the server would take the word for the content that it waits for, or has not answered."""
        try:
            if self.usable and not self._asked_for_content and not self._unread:
                self._server.quit()
        except FAULTS:
            self.usable = False
        finally:
            self._server.close()

    def _ask_one_by_one(self, mail: Mail, commands: Iterable[bytes]) -> Outcome | None:
        for step, command in zip(EXPECTED, commands, strict=True):
            self._server.send(command)
            code, reply = self._read()
            if code not in EXPECTED[step]:
                self._refused = True
                return judge_refusal(mail.reference, step, code, reply)
        self._asked_for_content = True
        return None

    def _read_answers(self, mail: Mail) -> Outcome | None:
        """The answers to commands that went out together; the first refusal counts, the others follow from it."""
        refused = None
        code = 0
        for step, expected in EXPECTED.items():
            code, reply = self._read()
            if code not in expected and refused is None:
                refused = judge_refusal(mail.reference, step, code, reply)
            if not self.usable:
                return refused
        self._refused = refused is not None
        self._asked_for_content = refused is None
        if refused is not None and code == 354:
            # RFC 2920, 3.1: a server that lost its recipients may still ask for the content; it gets none.
            self._server.send(b".\r\n")
            self._read()
        return refused

    def _read_verdict(self, mail: Mail) -> Outcome:
        """The final dot is on its way: from here on, silence does not mean that the mail was not taken."""
        try:
            code, reply = self._read()
        except FAULTS:
            return self._doubt(mail)
        return judge_message(mail.reference, code, reply)

    def _clear_envelope(self) -> None:
        self._server.send(b"RSET\r\n")
        if self._read()[0] != 250:
            raise smtplib.SMTPException("RSET was refused")
        self._refused = False

    def _read(self) -> tuple[int, bytes]:
        code, reply = self._read_line() or self._server.getreply()
        if code in CLOSING:
            self.usable = False
        return code, reply

    def _read_line(self) -> tuple[int, bytes] | None:
        """A reply that is one whole line, as nearly all are; four of them a mail cost smtplib a tenth of all its time.

        None for any other: nothing of it has been taken then.
        """
        replies = self._server.file
        waiting: bytes = replies.peek() if replies else b""
        if not replies or b"\n" not in waiting or waiting[3:4] != b" " or not waiting[:3].isdigit():
            return None
        line: bytes = replies.readline()
        return int(line[:3]), line[4:].strip()

    def _lose(self, mail: Mail, error: Exception) -> Outcome:
        self.usable = False
        reason = f"connection lost before the message was sent: {name_fault(error)}"
        return Outcome(mail.reference, Result.TEMPORARY, reason=reason)

    def _doubt(self, mail: Mail) -> Outcome:
        self.usable = False
        return Outcome(mail.reference, Result.UNKNOWN, reason="no answer after the message was sent")
