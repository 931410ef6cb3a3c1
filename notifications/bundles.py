"""Installments that fall due together and are told in one message."""

from collections.abc import Iterable

from loans.models import Installment
from notifications.models import Acknowledgement, Prompt


def companions_of(prompts: Iterable[Prompt]) -> dict[int, list[Prompt]]:
    """The companions of each of these prompts that leads any, with their installments and loans; one query."""
    leading = [prompt.pk for prompt in prompts if prompt.kind in Prompt.OF_FIGURES]
    found: dict[int, list[Prompt]] = {}
    if leading:
        related = ("installment__loan__bank", "installment__loan__platform")
        for companion in Prompt.objects.filter(told_with__in=leading).select_related(*related).order_by("pk"):
            found.setdefault(companion.told_with_id or 0, []).append(companion)
    return found


def answers_to(prompts: Iterable[Prompt]) -> dict[int, Acknowledgement]:
    """The acknowledgement of each of these prompts that has one, by its id; one query at most.

    One that only carried a message for others has theirs. Read them with installment and acknowledgement.
    """
    found: dict[int, Acknowledgement] = {}
    carriers = []
    for prompt in prompts:
        if hasattr(prompt, "acknowledgement"):
            found[prompt.pk] = prompt.acknowledgement
        elif prompt.asks_acknowledgement and not still_needed(prompt):
            carriers.append(prompt.pk)
    if carriers:
        theirs = Acknowledgement.objects.filter(prompt__told_with__in=carriers).select_related("prompt")
        found |= {one.prompt.told_with_id or 0: one for one in theirs.order_by("-pk")}
    return found


def still_needed(prompt: Prompt) -> bool:
    """Whether the installment of this prompt, of a kind in OF_FIGURES, is as the prompt says, unchanged since then."""
    installment = prompt.installment
    return (
        installment is not None
        and prompt.voided_at is None
        and prompt.status != Prompt.Status.CANCELLED
        and (installment.is_dropped if prompt.says_withdrawn else installment.state == Installment.State.OPEN)
        and installment.version == prompt.version
    )
