"""What a call says: the words of the text message for the same telling, without its link."""

from dataclasses import dataclass

from notifications.models import Delivery, Prompt
from notifications.rendering import render
from notifications.signatures import delivery_id_of
from notifications.wording.facts import Facts


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words to be read out, and the language that they are in."""

    text: str
    language: str


def words_of(reference: str) -> Spoken | None:
    """What to say in the call with this reference; None where it is not ours or its prompt is no longer to be told."""
    delivery_id = delivery_id_of(reference)
    delivery = Delivery.objects.select_related("prompt").filter(pk=delivery_id).first() if delivery_id else None
    if delivery is None or delivery.facts is None or delivery.prompt.status == Prompt.Status.CANCELLED:
        return None
    facts = Facts.from_json(delivery.facts)
    prompt = delivery.prompt
    return Spoken(render(prompt.kind, prompt.stage, Delivery.Channel.SMS, facts, "").text.strip(), facts.language)
