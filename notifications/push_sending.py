"""Sends push tellings to the devices of the people whom they are for, as one stream."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from django.utils.translation import gettext, override

from notifications.acknowledgement import LINK_LIVES
from notifications.channels.base import Message, Outcome
from notifications.models import Delivery, Prompt
from notifications.push_fan_out import Device, expand, fold
from notifications.push_subscriptions import devices_of, mark_gone
from notifications.signatures import delivery_id_of, notice_token

AT_ONCE: Final = 50
"""Messages whose devices are looked up together, by two queries."""

Send = Callable[[Iterable[Message]], Iterator[Outcome | None]]
Now = Callable[[], datetime]


def send_to_devices(send: Send, messages: Iterable[Message], *, clock: Now) -> Iterator[Outcome | None]:
    """One outcome for each message, as it becomes known, and None as `send` yields it: that of the channel that pushes.

    May wait on the network: call it outside transactions. Messages are taken as they are needed. Subscriptions that
    turn out to be gone are marked so before their outcome is yielded.
    """
    devices: dict[str, Sequence[Device]] = {}
    for folded in fold(send(_copies(messages, devices, clock)), devices):
        if folded and folded.gone:
            mark_gone(folded.gone, now=clock())
        yield folded.outcome if folded else None


def _copies(messages: Iterable[Message], devices: dict[str, Sequence[Device]], clock: Now) -> Iterator[Message]:
    """The messages for all devices, which are noted in `devices` before."""
    waiting = iter(messages)
    while some := list(islice(waiting, AT_ONCE)):
        deliveries = _deliveries(some)
        people = devices_of({delivery.prompt.borrower_id for delivery in deliveries.values()})
        for message in some:
            delivery = deliveries[message.reference]
            devices[message.reference] = people[delivery.prompt.borrower_id]
            yield from _expand(message, delivery, devices[message.reference], clock())


def _deliveries(messages: Iterable[Message]) -> dict[str, Delivery]:
    ids = {message.reference: delivery_id_of(message.reference) for message in messages}
    found = Delivery.objects.select_related("prompt").in_bulk([pk for pk in ids.values() if pk is not None])
    return {reference: found[pk] for reference, pk in ids.items() if pk is not None}


def _expand(message: Message, delivery: Delivery, devices: Sequence[Device], now: datetime) -> list[Message]:
    def token_of(device: int) -> str:
        return notice_token(delivery.pk, device, now + LINK_LIVES)

    with override(message.language):
        know = gettext("I know") if delivery.prompt.kind in Prompt.ANSWERED_UNREAD else ""
    return expand(message, devices, token_of=token_of, know=know)
