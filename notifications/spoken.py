"""What a call says, what its telling was recorded with, which a pack shows again; and that it said nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from notifications import kept_words
from notifications.cancellation import NOT_NEEDED
from notifications.ending import end_closed, follow_the_day
from notifications.escalation import TOLD_ELSEWHERE
from notifications.halting import halts_of, waits_for
from notifications.ladder import OFF_THE_LADDER
from notifications.models import Delivery, Prompt
from notifications.needed import look
from notifications.quiet_hours import hold_until_morning
from notifications.rendering import render
from notifications.signatures import delivery_id_of
from notifications.states import SAID_NOTHING, Status, Step, advance
from notifications.tellings import tellings_of
from notifications.wording.facts import Facts


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words to be read out, and the language that they are in."""

    text: str
    language: str


HALTED: Final = "halted"
NOT_NOW: Final = "not to be told now"
_TOLD: Final = (Prompt.Status.TOLD, Prompt.Status.FIRM_TOLD, Prompt.Status.ACKNOWLEDGED)


def answer(reference: str, *, now: datetime) -> Spoken | None:
    """What to say to whoever answers this call now; None where it is not ours or nothing is to be said any more, which
    is then on record with the reason: the delivery has failed, and its ladder looks at once.
    """
    delivery = _delivery_of(reference)
    if delivery is None:
        return None
    if not (why := _why_silent(delivery, now)):
        return words_of(reference)
    with transaction.atomic():
        Prompt.objects.select_for_update(no_key=True).get(pk=delivery.prompt_id)
        advance([Step(delivery_id=delivery.pk, to=Status.FAILED, reason=f"{SAID_NOTHING}{why}")], now=now)
    return None


def _why_silent(delivery: Delivery, now: datetime) -> str:
    """Why nothing is said: while the call waited at its provider it was told otherwise or halted, is owed no more or
    not to be told, its way was closed, or its day or its contact hours ended. Empty where it is to be said.

    Providers make so many calls a second (Twilio: one, as an account comes) and keep the others for hours; `pacing`
    leaves a minute of that. What an agent sends again is said to whoever was told, too.
    """
    prompt = delivery.prompt
    if delivery.reason.startswith(SAID_NOTHING):  # asked once more in the same call
        return delivery.reason.removeprefix(SAID_NOTHING)
    if prompt.status == Prompt.Status.CANCELLED:
        return prompt.reason or NOT_NEEDED
    if prompt.status in _TOLD and delivery.rung != OFF_THE_LADDER:
        return TOLD_ELSEWHERE
    if halts_of(prompt, Delivery.Channel.VOICE) or waits_for(prompt):
        return HALTED
    found = look([prompt.pk], now=now)
    if prompt.pk in found.over:
        return NOT_NEEDED
    if prompt.pk in found.held:
        return NOT_NOW
    tellings = tellings_of([delivery.pk], now=now)
    over = end_closed(tellings) or follow_the_day(tellings, now=now) or hold_until_morning(tellings, now=now)
    return over[0].reason if over else ""


def _delivery_of(reference: str) -> Delivery | None:
    """Of a call that we made, with its prompt."""
    related = [f"prompt__{subject}__loan" for subject in ("installment", "payment", "dispute")]
    delivery_id = delivery_id_of(reference)
    return Delivery.objects.select_related(*related).filter(pk=delivery_id or 0).exclude(facts=None).first()


def words_of(reference: str) -> Spoken | None:
    """What to say in the call with this reference; None where it is not ours or its prompt is no longer to be told."""
    delivery = _delivery_of(reference)
    if delivery is None or delivery.prompt.status == Prompt.Status.CANCELLED:
        return None
    facts = Facts.from_json(delivery.facts or {})
    prompt, version = delivery.prompt, delivery.wording
    # Revised while the phone rang: the words on record are said.
    words = kept_words.words_of([version]).get(version)
    said = render(prompt.kind, prompt.stage, Delivery.Channel.VOICE, facts, "", words=words)
    return Spoken(said.text, facts.language)
