"""Calls through Twilio's Calls resource: the phone rings, `twiml` says what is said, `voice_reports` reads the rest.

A call has no wording of its own: Twilio fetches it once somebody has answered. So a prompt that was paid in between
can still be held back, and the wording stays out of the request.
"""

import re
from typing import ClassVar, Final

from accounts.outside.posts import Request
from notifications.channels.base import ChannelMisconfiguredError, Message, Outcome
from notifications.channels.posting import ANSWER_SECONDS, IN_FLIGHT, PostingChannel
from notifications.channels.twilio_account import TwilioAccount
from notifications.channels.twilio_answers import judge_answer

CALLER = re.compile(r"\+[1-9][0-9]{6,14}")
RING_SECONDS: Final = "30"
"""Six rings; most mailboxes take over before the seventh."""
EVENTS: Final = ("initiated", "ringing", "answered", "completed")


class VoiceChannel(PostingChannel):
    """One call a message. A mailbox that answers is told from a person, as it proves less."""

    name: ClassVar[str] = "voice"
    provider: ClassVar[str] = "twilio_voice"

    def __init__(
        self,
        *,
        account: TwilioAccount,
        caller: str,
        words_path: str,
        report_path: str,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`caller` is the number that is shown; the paths are where `webhooks` gives the words and takes the callbacks.

        Raises ChannelMisconfiguredError.
        """
        super().__init__(in_flight=in_flight, answer_seconds=answer_seconds)
        if not CALLER.fullmatch(caller):
            raise ChannelMisconfiguredError("TWILIO_CALLER must be a number of yours that may call, with its +.")
        self._account = account
        self._caller = caller
        self._words_path = words_path
        self._report_path = report_path

    def make_post(self, message: Message) -> Request:
        fields = [
            ("To", message.address),
            ("From", self._caller),
            ("Url", self._account.callback(self._words_path, message.reference)),
            ("Method", "POST"),
            ("Timeout", RING_SECONDS),
            ("MachineDetection", "Enable"),
            ("StatusCallback", self._account.callback(self._report_path, message.reference)),
            ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in EVENTS),
        ]
        return self._account.make_post("Calls", fields)

    def judge(self, reference: str, status: int, answer: str) -> Outcome:
        return judge_answer(reference, status, answer)
