"""Writes down what became of handing messages over.

What a provider took, nearly everything, is one statement: the moves and their events together. What failed or is to be
tried again also touches ladders and contact points, and goes through `states.advance`.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings

from notifications.arrays import numbers, texts
from notifications.channels.base import Channel, Outcome, Result
from notifications.channels.registry import may_go_again, suppliers_for
from notifications.events import RECORD_SENT, sent_by
from notifications.models import Delivery
from notifications.opted_out import obey_refusals
from notifications.prepared import prepared_cursor
from notifications.reach import closes
from notifications.signatures import delivery_id_in
from notifications.states import ALLOWED, Status, Step, advance

MOST_ATTEMPTS: Final = 6
REFUSED_BY: Final = "refused by "
"""Before the name of a provider that will never take a message, and its reason."""

# As `states.advance` makes this move: conditional, with its event, in one transaction.
_TAKEN: Final = f"""
WITH moved AS (
    UPDATE notifications_delivery AS delivery
    SET status = 'sent', reason = '', sent_at = COALESCE(delivery.sent_at, %(now)s),
        provider_reference = COALESCE(NULLIF(taken.reference, ''), delivery.provider_reference)
    FROM unnest(%(ids)s::bigint[], %(references)s::text[]) AS taken (id, reference), notifications_prompt AS prompt
    WHERE delivery.id = taken.id AND delivery.status = ANY(%(origins)s) AND prompt.id = delivery.prompt_id
    RETURNING delivery.id, delivery.prompt_id, prompt.borrower_id, prompt.installment_id)
{RECORD_SENT}"""  # noqa: S608 - our own words


def record_outcomes(outcomes: Sequence[Outcome], channel: Channel, *, now: datetime) -> None:
    """Write down what became of handing these over; each names a delivery of our own."""
    taken = [outcome for outcome in outcomes if outcome.result is Result.ACCEPTED]
    if taken:
        _record_taken(taken, channel.name, now)
    if len(taken) < len(outcomes):
        _record_others([outcome for outcome in outcomes if outcome.result is not Result.ACCEPTED], channel, now)


def _record_taken(taken: Sequence[Outcome], channel: str, now: datetime) -> None:
    # In the order of the ids, so that two who write the same rows do not wait for each other in a circle.
    rows = sorted((delivery_id_in(outcome.reference), outcome.provider_reference[:120]) for outcome in taken)
    ids, references = zip(*rows, strict=True)
    with prepared_cursor() as cursor:
        cursor.execute(
            _TAKEN,
            {
                "now": now,
                "said": sent_by(channel),
                "ids": numbers(ids),
                "references": texts(references),
                "origins": [str(origin) for origin in ALLOWED[Status.SENT]],
            },
        )


def _record_others(outcomes: Sequence[Outcome], channel: Channel, now: datetime) -> None:
    ids = {outcome.reference: delivery_id_in(outcome.reference) for outcome in outcomes}
    not_taken = [ids[outcome.reference] for outcome in outcomes if outcome.result in _NOT_TAKEN]
    columns = ("pk", "attempts", "reason", "address")
    rows = Delivery.objects.filter(pk__in=not_taken).values_list(*columns) if not_taken else ()
    tried = {pk: _Tried(*tried_before) for pk, *tried_before in rows}
    steps = []
    for outcome in outcomes:
        delivery_id = ids[outcome.reference]
        steps.append(_step(delivery_id, outcome, tried.get(delivery_id, _Tried()), channel, now))
    obey_refusals(outcomes, now=now)
    advance(steps, now=now)


_NOT_TAKEN: Final = frozenset({Result.TEMPORARY, Result.UNKNOWN, Result.PERMANENT})


class _Tried(NamedTuple):
    """How often a message was tried, what was said of it the last time, and where it goes."""

    attempts: int = 0
    reason: str = ""
    address: str = ""

    def by_another(self, provider: str) -> bool:
        """Whether another provider has refused it for good."""
        said = self.reason.partition(": ")[0]
        return said.startswith(REFUSED_BY) and said != REFUSED_BY + provider


def _step(delivery_id: int, outcome: Outcome, tried: _Tried, channel: Channel, now: datetime) -> Step:
    result, reason = outcome.result, outcome.reason
    last_word = _is_last_word(outcome, tried, channel)
    if result is Result.UNKNOWN and may_go_again(channel.provider):
        result = Result.TEMPORARY
    elif result is Result.PERMANENT and not last_word:
        result, reason = Result.TEMPORARY, f"{REFUSED_BY}{channel.provider}: {reason}"
    if result is Result.TEMPORARY and tried.attempts < MOST_ATTEMPTS:
        return Step(
            delivery_id=delivery_id,
            to=Status.RETRYING,
            reason=reason,
            next_attempt_at=now + _pause(tried.attempts),
            in_doubt=outcome.result is Result.UNKNOWN,
        )
    return Step(
        delivery_id=delivery_id,
        to=_STATUS[outcome.result],
        reason=outcome.reason,
        provider_reference=outcome.provider_reference,
        address_is_bad=last_word and _is_dead(outcome, tried, channel),
    )


def _is_dead(outcome: Outcome, tried: _Tried, channel: Channel) -> bool:
    """Whether the provider says that nothing at all will ever reach the contact point."""
    return outcome.address_fault and not outcome.no_texts and closes(channel.name, tried.address)


def _is_last_word(outcome: Outcome, tried: _Tried, channel: Channel) -> bool:
    """Whether what the provider refuses for good has failed. Where the channel has another one, that one is asked too:
    routes, templates and what they allow differ. Only that a number is wrong is believed of the first one at once; one
    that is asked where the first has failed may not serve the number's country. A reader who has told the one to stop
    is not written to by the other.
    """
    others = [name for name in suppliers_for(channel.name) if name != channel.provider]
    if not others or outcome.opted_out or tried.by_another(channel.provider):
        return True
    return outcome.address_fault and suppliers_for(channel.name)[0] == channel.provider


_STATUS: Final = {
    Result.DELIVERED: Status.DELIVERED,
    Result.TEMPORARY: Status.FAILED,
    Result.PERMANENT: Status.FAILED,
    Result.UNKNOWN: Status.UNCONFIRMED,
}


def _pause(attempts: int) -> timedelta:
    """`RETRY_AFTER`, doubled each time, give or take a tenth so that a provider that comes back is not hit at once."""
    doubled = settings.RETRY_AFTER * float(2 ** (attempts - 1))
    return doubled * random.uniform(0.9, 1.1)  # noqa: S311
