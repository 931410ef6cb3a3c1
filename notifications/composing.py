"""Claimed deliveries -> messages: facts are read fresh, worded, and kept with the delivery before anything is sent."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from notifications.acknowledgement import address_of
from notifications.channels.base import Message
from notifications.facts import facts_of
from notifications.models import Delivery
from notifications.rendering import Rendered, render
from notifications.signatures import reference_of
from notifications.states import Status, Step, advance
from notifications.wording.source import WordingError

logger = logging.getLogger(__name__)

_RELATED: Final = [
    f"prompt__{path}"
    for path in (
        "borrower",
        "installment__loan__bank",
        "installment__loan__platform",
        "payment__loan__bank",
        "payment__loan__platform",
        "dispute__loan__bank",
        "dispute__loan__platform",
    )
]


def compose(delivery_ids: Sequence[int], *, now: datetime) -> list[Message]:
    """One message for each delivery that can be worded; the others fail with the reason, which is logged.

    The facts and the version of the wording are stored first, so that what was told is on record whatever happens next.
    """
    messages, worded, faults = [], [], []
    for delivery in Delivery.objects.filter(pk__in=delivery_ids).select_related(*_RELATED).order_by("pk"):
        facts = facts_of(delivery.prompt, now)
        url = address_of(delivery, now)
        try:
            rendered = render(delivery.prompt.kind, delivery.prompt.stage, delivery.channel, facts, url)
        except (WordingError, ValueError) as fault:
            logger.exception("delivery %s could not be worded", delivery.pk)
            faults.append(Step(delivery_id=delivery.pk, to=Status.FAILED, reason=f"could not be worded: {fault}"))
            continue
        delivery.facts, delivery.wording = facts.as_json(), rendered.wording
        worded.append(delivery)
        messages.append(_message(delivery, rendered, url))
    Delivery.objects.bulk_update(worded, ["facts", "wording"], batch_size=500)
    advance(faults, now=now)
    return messages


def _message(delivery: Delivery, rendered: Rendered, url: str) -> Message:
    return Message(
        reference=reference_of(delivery.pk),
        address=delivery.address,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        language=delivery.prompt.borrower.locale,
        action_url=url,
    )
