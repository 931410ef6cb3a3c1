"""Claimed deliveries -> messages: facts are read fresh and worded."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from notifications.acknowledgement import address_of
from notifications.capping import hold_capped
from notifications.channels.base import Message
from notifications.claiming import Kept
from notifications.ending import end_closed, follow_the_day, with_free_ladders
from notifications.facts import facts_of
from notifications.figures_before import Before, previously_told
from notifications.left_to_pay import Left, left_after, on_its_way
from notifications.models import Delivery, Prompt
from notifications.policy import PURPOSES, Purpose
from notifications.quiet_hours import hold_until_morning, lives_of
from notifications.rendering import Rendered, render, version_to_read
from notifications.report_day import days_promised
from notifications.signatures import reference_of, reply_code
from notifications.states import Status, Step
from notifications.tellings import Companion, Firm, Telling, companions_named, firms_named
from notifications.wording.source import WordingError

logger = logging.getLogger(__name__)


class Worded(NamedTuple):
    """What is kept of a message, whose it is (the borrower's id), the installment that its prompt is about, if any, and
    the message itself; what lies in the portal is given to nobody.
    """

    kept: Kept
    person: int
    installment_id: int | None
    message: Message | None


@dataclass(frozen=True, slots=True)
class _Block:
    """What the tellings of a block are about besides their own rows: by id, and by prompt."""

    now: datetime
    firms: dict[int, Firm]
    companions: dict[int, list[Companion]]
    told_before: dict[int, Before]
    promised: dict[int, date]
    left: dict[int, Left]
    on_its_way: dict[int, Decimal | None]
    lives: dict[int, int]


def word(every: Sequence[Telling], *, now: datetime) -> tuple[list[Worded], list[Step]]:
    """A message for each of these deliveries that can be worded; for each other one the step that fails it, and a line
    in the log.

    What must not go there any more, or reminds of a day that is over, has a step that fails it, what contact hours, a
    cap or a due day that is not over hold one that puts it off. What another worker or writer is at has neither: it
    stays in the queue. Changes nothing.
    """
    steps = end_closed(every)
    steps += follow_the_day(_without(every, steps), now=now)
    steps += hold_until_morning(_without(every, steps), now=now)
    capped = hold_capped(_without(every, steps), now=now)
    steps += capped.steps
    tellings = _without(every, steps)
    if capped.elsewhere:
        tellings = [one for one in tellings if one.delivery_id not in capped.elsewhere]
    companions = companions_named(tellings, now=now)
    promised = days_promised([one.prompt_id for one in tellings if one.kind == Prompt.Kind.PRIOR_NOTICE])
    before = previously_told(tellings, companions)
    left, lives = left_after(tellings), lives_of(tellings, now=now)
    coming = on_its_way(_named([one for one in tellings if one.names_what_is_owed], companions))
    block = _Block(now, firms_named(tellings, companions), companions, before, promised, left, coming, lives)
    worded = []
    for telling in tellings:
        try:
            worded.append(_word(telling, block))
        except (WordingError, ValueError) as fault:
            logger.exception("delivery %s could not be worded", telling.delivery_id)
            reason = f"could not be worded: {fault}"
            steps.append(Step(delivery_id=telling.delivery_id, to=Status.FAILED, reason=reason))
    return worded, with_free_ladders(steps)


def _word(telling: Telling, block: _Block) -> Worded:
    pk, prompt_id = telling.delivery_id, telling.prompt_id
    others, promised = block.companions.get(prompt_id, ()), block.promised.get(prompt_id)
    left = block.left.get(prompt_id)
    before, coming = block.told_before, block.on_its_way
    facts = facts_of(telling, block.now, block.firms, others, before, promised, left, coming)
    if _stops(telling):
        facts = facts._replace(stops=True)
    if telling.channel == Delivery.Channel.IN_APP:
        version, message = version_to_read(telling.kind, telling.stage, facts), None
    else:
        url = address_of(pk, prompt_id, asks=telling.asks_acknowledgement, now=block.now)
        rendered = render(telling.kind, telling.stage, telling.channel, facts, url, _reply_code(telling))
        version, message = rendered.wording, _message(telling, rendered, url, block.lives.get(pk))
    return Worded(Kept(pk, facts.as_text(), version), telling.borrower_id, telling.installment_id, message)


def _named(tellings: Sequence[Telling], companions: Mapping[int, Sequence[Companion]]) -> set[int]:
    """The installments that the messages of these name."""
    several = (other.installment_id for one in tellings for other in companions.get(one.prompt_id, ()))
    return {one.installment_id for one in tellings if one.installment_id}.union(several)


def _without(tellings: Sequence[Telling], held: Sequence[Step]) -> Sequence[Telling]:
    ids = {step.delivery_id for step in held}
    return [telling for telling in tellings if telling.delivery_id not in ids] if ids else tellings


def _reply_code(telling: Telling) -> str:
    """Only what asks for an answer, and where answers reach us."""
    by_code = telling.channel == Delivery.Channel.SMS and telling.kind in Prompt.ANSWERED_UNREAD
    return reply_code(telling.delivery_id) if settings.SMS_INBOUND and by_code else ""


def _stops(telling: Telling) -> bool:
    """Who is asked for overdue money by text message is told how to end that, if answers reach us: 12 CFR 1006.6(e)."""
    asked = telling.channel == Delivery.Channel.SMS and PURPOSES[telling.kind] is Purpose.COLLECTION
    return asked and settings.SMS_INBOUND


def _message(telling: Telling, rendered: Rendered, url: str, lives: int | None) -> Message:
    return Message(
        reference=reference_of(telling.delivery_id),
        address=telling.address,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        language=telling.language,
        action_url=url,
        lives=lives,
    )
