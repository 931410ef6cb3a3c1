"""A conversation with a mail server, mail by mail, in whichever state it is."""

import smtplib
from collections.abc import Iterable
from typing import NamedTuple

from notifications.channels.base import Outcome
from notifications.channels.smtp_commands import Mail, write_commands, write_content
from notifications.channels.smtp_line import Line
from notifications.channels.smtp_replies import EXPECTED, FAULTS, REFUSALS, judge_message, judge_refusal


class Exchange(NamedTuple):
    """A mail whose content was sent, with the commands of the following one, if any; or what kept it from going."""

    offered: Mail
    following: Mail | None
    fault: Exception | None


class Connection(Line):
    """Takes mails one by one: a mail is first offered, then, once the server asks for it, finished."""

    def __init__(self, server: smtplib.SMTP) -> None:
        super().__init__(server)
        self._refused = False

    def offer(self, mail: Mail) -> Outcome | None:
        """The refusal, or None where the server now waits for the content."""
        try:
            if self._refused:
                self._clear_envelope()
            commands = write_commands(mail, self.abilities)
            if self.pipelines:
                self._server.send(b"".join(commands))
                return self._read_answers(mail)
            return self._ask_one_by_one(mail, commands)
        except FAULTS as error:
            return self.lose(mail, error)

    def begin_to_finish(self, offered: Mail, following: Mail | None) -> Exchange:
        """Send the content, and with it the commands of the following mail; nothing is read yet."""
        commands = write_commands(following, self.abilities) if following else []
        fault = None
        try:
            self._server.send(b"".join([write_content(offered), *commands]))
        except FAULTS as error:
            fault = error
        self._asked_for_content = False
        self.unread += 1
        return Exchange(offered, following, fault)

    def finish(self, exchange: Exchange) -> tuple[Outcome, bool, Outcome | None]:
        """Read what the server says to it.

        Gives the outcome; whether the following was answered (where not, it has to be offered again); its refusal.
        """
        offered, following, fault = exchange
        self.unread -= 1
        if fault:
            # Whether the final dot was among what went out is only certain where nothing followed it.
            return (self.doubt(offered) if following else self.lose(offered, fault)), False, None
        outcome = self._read_verdict(offered)
        if following is None or not self.usable:
            return outcome, False, None
        try:
            return outcome, True, self._read_answers(following)
        except FAULTS as error:
            return outcome, True, self.lose(following, error)

    def _ask_one_by_one(self, mail: Mail, commands: Iterable[bytes]) -> Outcome | None:
        for step, command in zip(EXPECTED, commands, strict=True):
            self._server.send(command)
            code, reply = self.read()
            if code not in EXPECTED[step]:
                self._refused = True
                return judge_refusal(mail.reference, step, code, reply)
        self._asked_for_content = True
        return None

    def _read_answers(self, mail: Mail) -> Outcome | None:
        """The answers to commands that went out together; the first refusal counts, the others follow from it."""
        refused = None
        code, plain = 0, True
        for step, expected in EXPECTED.items():
            code, reply = self.read()
            if code not in expected:
                plain = plain and code in REFUSALS
                refused = refused or judge_refusal(mail.reference, step, code, reply)
            if not self.usable:
                return refused
        self._refused = refused is not None
        self._asked_for_content = refused is None
        if refused is not None and code == 354:
            self._give_no_content(plain)
        return refused

    def _give_no_content(self, plainly_refused: bool) -> None:
        """RFC 2920, 3.1: a server that lost its recipients may still ask for the content. It gets none; one that may
        still have a recipient gets no end either, or it would send an empty mail.
        """
        if plainly_refused:
            self._server.send(b".\r\n")
            self.read()
        else:
            self.usable = False

    def _read_verdict(self, mail: Mail) -> Outcome:
        """The final dot is on its way: from here on, silence does not mean that the mail was not taken."""
        try:
            code, reply = self.read()
        except FAULTS:
            return self.doubt(mail)
        return judge_message(mail.reference, code, reply)

    def _clear_envelope(self) -> None:
        self._server.send(b"RSET\r\n")
        if self.read()[0] != 250:
            raise smtplib.SMTPException("RSET was refused")
        self._refused = False
