"""Installments that fall due together and are told in one message."""

from collections.abc import Iterable

from loans.models import Installment
from notifications.models import Prompt


def companions_of(prompts: Iterable[Prompt]) -> dict[int, list[Prompt]]:
    """The companions of each of these prompts that leads any, with their installments and loans; one query."""
    leading = [prompt.pk for prompt in prompts if prompt.kind in Prompt.OF_FIGURES]
    found: dict[int, list[Prompt]] = {}
    if leading:
        related = ("installment__loan__bank", "installment__loan__platform")
        for companion in Prompt.objects.filter(told_with__in=leading).select_related(*related).order_by("pk"):
            found.setdefault(companion.told_with_id or 0, []).append(companion)
    return found


def still_needed(prompt: Prompt) -> bool:
    """Whether the installment of this prompt, of a kind in OF_FIGURES, is open and unchanged since it was planned."""
    installment = prompt.installment
    return (
        installment is not None
        and prompt.voided_at is None
        and prompt.status != Prompt.Status.CANCELLED
        and installment.state == Installment.State.OPEN
        and installment.version == prompt.version
    )
