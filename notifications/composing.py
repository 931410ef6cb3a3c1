"""Claimed deliveries -> messages: facts are read fresh and worded."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from notifications.acknowledgement import address_of
from notifications.bundles import companions_of
from notifications.capping import hold_capped
from notifications.channels.base import Message
from notifications.facts import facts_of, previously_told
from notifications.models import Delivery
from notifications.quiet_hours import hold_until_morning
from notifications.rendering import Rendered, render
from notifications.signatures import reference_of, reply_code
from notifications.states import Status, Step
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
        "payment__installment",
        "dispute__loan__bank",
        "dispute__loan__platform",
    )
]


@dataclass(frozen=True, slots=True)
class Worded:
    """A message, and what is kept of it: the facts it was filled with, as JSON, and the version of its wording."""

    delivery_id: int
    message: Message
    facts: str
    wording: str


def word(delivery_ids: Sequence[int], *, now: datetime) -> tuple[list[Worded], list[Step]]:
    """A message for each delivery that can be worded; for each other one the step that fails it, and a line in the log.

    What contact hours or a cap hold has a step that puts it off. Changes nothing.
    """
    worded = []
    deliveries = list(
        Delivery.objects.filter(pk__in=delivery_ids).select_related(*_RELATED).order_by("next_attempt_at", "pk")
    )
    faults = hold_until_morning(deliveries, now=now)
    deliveries = _without(deliveries, faults)
    faults += hold_capped(deliveries, now=now)
    deliveries = _without(deliveries, faults)
    prompts = [delivery.prompt for delivery in deliveries]
    companions, told_before = companions_of(prompts), previously_told(prompts)
    for delivery in deliveries:
        prompt = delivery.prompt
        url = address_of(delivery, now)
        try:
            facts = facts_of(prompt, now, companions.get(prompt.pk, ()), told_before.get(prompt.pk))
            rendered = render(prompt.kind, prompt.stage, delivery.channel, facts, url, _reply_code(delivery))
        except (WordingError, ValueError) as fault:
            logger.exception("delivery %s could not be worded", delivery.pk)
            faults.append(Step(delivery_id=delivery.pk, to=Status.FAILED, reason=f"could not be worded: {fault}"))
            continue
        stored = json.dumps(facts.as_json(), ensure_ascii=False)
        worded.append(Worded(delivery.pk, _message(delivery, rendered, url), stored, rendered.wording))
    return worded, faults


def _without(deliveries: Sequence[Delivery], held: Sequence[Step]) -> list[Delivery]:
    ids = {step.delivery_id for step in held}
    return [delivery for delivery in deliveries if delivery.pk not in ids]


def _reply_code(delivery: Delivery) -> str:
    """Only what asks for an answer, and where answers reach us."""
    answerable = (
        settings.SMS_INBOUND and delivery.channel == Delivery.Channel.SMS and delivery.prompt.asks_acknowledgement
    )
    return reply_code(delivery.pk) if answerable else ""


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
