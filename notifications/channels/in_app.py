"""The inbox inside the portal. The row that called us is the message: nothing is left to hand over."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from notifications.channels.base import Channel, Message, Outcome, Result


class InAppChannel(Channel):
    """Always available, proves nothing: only the reader's own acknowledgement counts."""

    name: ClassVar[str] = "in_app"
    provider: ClassVar[str] = "portal"
    reports_delivery: ClassVar[bool] = False
    safe_to_resend: ClassVar[bool] = True
    records_each: ClassVar[bool] = False

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for message in messages:
            yield Outcome(message.reference, Result.ACCEPTED, provider_reference=message.reference)
