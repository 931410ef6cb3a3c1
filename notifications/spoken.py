"""What a call says: what its telling was recorded with, which a pack shows again."""

from dataclasses import dataclass

from notifications import kept_words
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
    prompt, version = delivery.prompt, delivery.wording
    # Revised while the phone rang: the words on record are said.
    words = kept_words.words_of([version]).get(version)
    said = render(prompt.kind, prompt.stage, Delivery.Channel.VOICE, facts, "", words=words)
    return Spoken(said.text, facts.language)
