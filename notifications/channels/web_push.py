"""Web Push (RFC 8030): a message to one browser by way of the push service that its maker runs.

`Message.address` is a `PushAddress` as JSON and `Message.text` the payload, which our service worker reads; both go
nowhere in the clear. A message carries the Topic of its reference: the push service keeps only the newest of a topic,
and the device shows a later one in the place of an earlier one. So it is safe to send again.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from accounts.outside.addresses import may_be_public
from accounts.outside.client import Client
from accounts.outside.in_flight import ask_many
from accounts.outside.posts import Answer, Limits, Request
from notifications.channels.base import Channel, Message, Outcome, Result
from notifications.channels.vapid import Vapid
from notifications.channels.web_push_address import BadPushAddressError, PushAddress, topic_of
from notifications.channels.web_push_answers import judge_answer
from notifications.channels.web_push_encryption import TooLongError, encrypt

IN_FLIGHT: Final = 32
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 15.0
KEPT_SECONDS: Final = 1
ANSWER_BYTES: Final = 16_384
"""What of an answer is read; only its status is asked for."""

LIVES: Final = 12 * 60 * 60
"""For how many seconds a push service may keep a message for a device that is off, where nothing ends it before
(`Message.lives`). Its words count from the day of sending ("by today"), and by then its ladder has gone on: one that
came later would speak of a day that is over."""


class WebPushChannel(Channel):
    """Many requests at once over kept connections. `Outcome.provider_reference` is the address's fingerprint."""

    name: ClassVar[str] = "push"
    provider: ClassVar[str] = "webpush"
    safe_to_resend: ClassVar[bool] = True

    def __init__(
        self,
        vapid: Vapid | None,
        *,
        allow_private: bool = False,
        in_flight: int = IN_FLIGHT,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Without `vapid` the channel is off, and every message fails at once so that its ladder goes on.

        `allow_private` lets messages go by plain http and to machines of our own network: for tests and the sandbox.
        """
        self._vapid = vapid
        self._allow_private = allow_private
        self._limits = Limits(
            in_flight=in_flight,
            connect_seconds=min(CONNECT_SECONDS, answer_seconds),
            answer_seconds=answer_seconds,
            kept_seconds=KEPT_SECONDS,
            answer_bytes=ANSWER_BYTES,
            public_only=not allow_private,
        )

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome | None]:
        if self._vapid is None:
            reason = "web push is switched off: VAPID_PRIVATE_KEY is not set"
            yield from (Outcome(message.reference, Result.PERMANENT, reason=reason) for message in messages)
            return
        vapid = self._vapid

        def write(message: Message) -> Request | Outcome:
            return self._write(vapid, message)

        with Client(self._limits, write, _read) as client:
            yield from ask_many(client, messages, self._limits.in_flight)

    def _write(self, vapid: Vapid, message: Message) -> Request | Outcome:
        try:
            address = PushAddress.from_json(message.address)
        except BadPushAddressError as error:
            return Outcome(message.reference, Result.PERMANENT, reason=str(error), address_fault=True)
        device = address.fingerprint
        if not (self._allow_private or may_be_public(address.endpoint)):
            return _refuse(message, device)
        try:
            body = encrypt(message.text.encode(), address.p256dh, address.auth)
        except TooLongError as error:
            return Outcome(message.reference, Result.PERMANENT, device, str(error))
        headers = {
            "Authorization": vapid.authorization(address.origin),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LIVES if message.lives is None else min(message.lives, LIVES)),
            "Topic": topic_of(message.reference),
        }
        return Request(address.endpoint, headers, body)


def _read(message: Message, answer: Answer) -> Outcome:
    device = PushAddress.from_json(message.address).fingerprint
    if answer.private:
        # A wrong name server, or one that maps the internet into a network of its own, is no fault of the device.
        reason = "push service cannot be reached: its name leads into a private network"
        return Outcome(message.reference, Result.TEMPORARY, device, reason)
    if not answer.left:
        reason = f"push service cannot be reached: {answer.fault}"
        return Outcome(message.reference, Result.TEMPORARY, device, reason)
    if not answer.status:
        reason = f"no answer after the message was sent: {answer.fault}"
        return Outcome(message.reference, Result.UNKNOWN, device, reason)
    return judge_answer(message.reference, device, answer.status)


def _refuse(message: Message, device: str) -> Outcome:
    reason = "the endpoint is not an https address of the internet"
    return Outcome(message.reference, Result.PERMANENT, device, reason, address_fault=True)
