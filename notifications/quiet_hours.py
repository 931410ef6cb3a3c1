"""Holds what comes to be sent outside of its reader's contact hours: after an outage, say, or news of a night."""

from collections.abc import Sequence
from datetime import datetime

from notifications.clock import Clock
from notifications.models import Delivery
from notifications.states import Status, Step
from notifications.timing import lawful_moment


def hold_until_morning(deliveries: Sequence[Delivery], *, now: datetime) -> list[Step]:
    """The steps that put these claimed deliveries off until their hours open. Read them with their prompt and borrower.

    What cannot wait because a person has to take over before that goes out all the same, as when it is planned; what
    lies in the portal disturbs nobody.
    """
    clock, steps = Clock.at(now), []
    for delivery in deliveries:
        if delivery.channel == Delivery.Channel.IN_APP:
            continue
        prompt, borrower = delivery.prompt, delivery.prompt.borrower
        hours, rule = clock.hours_for(borrower.jurisdiction, prompt.kind, borrower.zone)
        moment = lawful_moment(now, now=now, zone=borrower.zone, hours=hours, latest=prompt.deadline).at
        if moment > now:
            steps.append(
                Step(
                    delivery_id=delivery.pk,
                    to=Status.RETRYING,
                    reason=f"held by {rule}",
                    next_attempt_at=moment,
                    held_by=rule or "contact hours",
                )
            )
    return steps
