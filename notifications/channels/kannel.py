"""Text messages through Kannel's sendsms interface; its delivery callbacks are read by `kannel_reports`.

Everything but the wording travels in headers: number and wording then stay out of every log of addresses.
"""

import re
from typing import ClassVar, Final
from urllib.parse import quote

from accounts.outside.addresses import PLAIN
from accounts.outside.posts import Request
from notifications.channels.base import ChannelMisconfiguredError, Message, Outcome
from notifications.channels.kannel_answers import judge_answer
from notifications.channels.posting import ANSWER_SECONDS, IN_FLIGHT, PostingChannel
from notifications.channels.segments import is_gsm

ALL_REPORTS: Final = "31"
"""1 delivered, 2 undelivered, 4 queued, 8 accepted and 16 refused by the message centre."""
UCS2: Final = "2"
SHORTEST_VALIDITY: Final = 5
"""Minutes: GSM 03.40 counts the time in which a message is tried in steps of five."""
REPORT_FIELDS: Final = "type=%d&answer=%A&smsc_reference=%F&time=%T"
"""Kannel fills these in. %A is the message centre's own answer; `kannel_reports` takes only codes out of it."""


class KannelChannel(PostingChannel):
    """A gateway of our own, or a firm's that speaks its protocol."""

    name: ClassVar[str] = "sms"
    provider: ClassVar[str] = "kannel"
    numbers: ClassVar[re.Pattern[str]] = re.compile(r"\+?[0-9]{3,15}")
    answer_bytes: ClassVar[int] = 1024

    def __init__(
        self,
        *,
        url: str,
        username: str,
        password: str,
        sender: str,
        callback_url: str,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`url` is that of sendsms; `callback_url` is ours and must hold no `%`, which Kannel would fill in.

        Raises ChannelMisconfiguredError.
        """
        super().__init__(in_flight=in_flight, answer_seconds=answer_seconds)
        addresses = (url, callback_url)
        written = all(PLAIN.fullmatch(one) and one.startswith(("http://", "https://")) for one in addresses)
        if not written or "%" in callback_url:
            raise ChannelMisconfiguredError(
                "Text messages need http(s) addresses in KANNEL_URL and SMS_CALLBACK_URL, the latter without '%'."
            )
        self._url = url
        self._callback = callback_url + ("&" if "?" in callback_url else "?")
        self._headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": username,
            "X-Kannel-Password": password,
            "X-Kannel-From": sender,
            "X-Kannel-DLR-Mask": ALL_REPORTS,
        }

    def make_post(self, message: Message) -> Request:
        headers = {
            **self._headers,
            "X-Kannel-To": message.address,
            "X-Kannel-DLR-URL": f"{self._callback}reference={quote(message.reference)}&{REPORT_FIELDS}",
        }
        if not is_gsm(message.text):
            headers["X-Kannel-Coding"] = UCS2
        if message.lives is not None:
            headers["X-Kannel-Validity"] = str(max(message.lives // 60, SHORTEST_VALIDITY))
        return Request(self._url, headers, message.text.encode())

    def judge(self, reference: str, status: int, answer: str) -> Outcome:
        return judge_answer(reference, status, answer)
