"""What somebody wrote by SMS, for the agent who has the task about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from notifications.models import AgentTask, InboundText
from portal.admin.inbound_texts import with_words, words_of

TEXTS_SHOWN: Final = 20
"""Text messages on the page of a task; the others are in the list."""


@dataclass(frozen=True, slots=True)
class Text:
    """One message: when it came (UTC), its words without addresses, and what it was taken for. Words are a stranger's:
    never markup.
    """

    at: datetime
    words: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The latest messages of a task, the oldest of them first, and whether there are more."""

    shown: list[Text]
    has_older: bool


def read_texts(task: AgentTask) -> Texts:
    """All that the borrower wrote from the message that opened the task on, until it was done. Two statements."""
    texts = InboundText.objects.filter(borrower=task.borrower_id, received_at__gte=task.created_at)
    if task.done_at:
        texts = texts.filter(received_at__lte=task.done_at)
    latest = list(with_words(texts).order_by("-pk")[: TEXTS_SHOWN + 1])
    shown = [Text(text.received_at, words_of(text), text.get_meaning_display()) for text in latest[:TEXTS_SHOWN]]
    return Texts(shown[::-1], has_older=len(latest) > TEXTS_SHOWN)
