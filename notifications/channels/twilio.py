"""Text messages through Twilio's Messages resource; its status callbacks are read by `twilio_reports`.

Twilio keeps no reference of ours, so it travels in the address that each message's own callbacks go to.
"""

import re
from typing import ClassVar, Final

from accounts.outside.posts import Request
from notifications.channels.base import ChannelMisconfiguredError, Message, Outcome
from notifications.channels.posting import ANSWER_SECONDS, IN_FLIGHT, PostingChannel
from notifications.channels.twilio_account import TwilioAccount
from notifications.channels.twilio_answers import judge_answer

SENDER = re.compile(r"\+[0-9]{5,15}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11}|MG[0-9a-fA-F]{32}")
"""A number, a short code, letters that stand for one, or a messaging service that chooses."""
SERVICE_LETTERS: Final = 34
"""Only a messaging service's name is so long."""
LONGEST_VALIDITY: Final = 36_000
"""Seconds for which Twilio keeps a message that it cannot bring; what lives longer needs no end of its own."""


class TwilioChannel(PostingChannel):
    """Text messages; a message is known to Twilio by the 34 letters that it gives, kept as the provider's reference."""

    name: ClassVar[str] = "sms"
    provider: ClassVar[str] = "twilio"

    def __init__(
        self,
        *,
        account: TwilioAccount,
        sender: str,
        report_path: str,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`report_path` is where `webhooks` takes the callbacks. Raises ChannelMisconfiguredError."""
        super().__init__(in_flight=in_flight, answer_seconds=answer_seconds)
        if not SENDER.fullmatch(sender):
            raise ChannelMisconfiguredError(
                "TWILIO_SENDER must be a number of yours with its +, a short code, up to 11 letters, or the MG… of a "
                "messaging service."
            )
        self._account = account
        self._sender = ("MessagingServiceSid" if len(sender) == SERVICE_LETTERS else "From", sender)
        self._report_path = report_path

    def make_post(self, message: Message) -> Request:
        fields = [
            self._sender,
            ("To", message.address),
            ("Body", message.text),
        ]
        if message.reference:
            fields.append(("StatusCallback", self._account.callback(self._report_path, message.reference)))
        if message.lives is not None and message.lives < LONGEST_VALIDITY:
            fields.append(("ValidityPeriod", str(max(message.lives, 1))))
        return self._account.make_post("Messages", fields)

    def judge(self, reference: str, status: int, answer: str) -> Outcome:
        return judge_answer(reference, status, answer)
