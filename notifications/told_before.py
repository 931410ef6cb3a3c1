"""What borrowers were told of an installment so far: its figures, or that it is no longer to be paid."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Exists, OuterRef, Q

from loans.models.fields import ZERO
from notifications.models import AgentTask, Delivery, Prompt
from notifications.named import Named, named, paid_then
from notifications.states import SAID_NOTHING

Status = Delivery.Status
_HANDED_OVER: Final = Q(sent_at__isnull=False) | Q(
    handed_at__isnull=False, status__in=[Status.SENDING, Status.UNCONFIRMED]
)
_BY_WORD: Final = frozenset({Prompt.Status.TOLD, Prompt.Status.FIRM_TOLD, Prompt.Status.ACKNOWLEDGED})
# What lies unread in the portal has told nobody, unless there was no other way, or its borrower was told by word.
_UNREAD: Final = Q(channel=Delivery.Channel.IN_APP, seen_at=None) & ~Q(prompt__status__in=_BY_WORD)
_OUTSIDE: Final = Delivery.objects.filter(prompt=OuterRef("prompt")).exclude(channel=Delivery.Channel.IN_APP)


@dataclass(frozen=True, slots=True)
class Told:
    """One telling of one installment to one person at a moment in UTC, by a prompt about its `version`.

    `figures` are those that a message named, beside which `paid` had been paid then; None where a person or a firm told
    it, whose words are not on record. What the task of an alarm told has no prompt: `prompt_id` is 0.
    """

    prompt_id: int
    installment_id: int
    borrower_id: int
    version: int
    withdrawn: bool
    at: datetime
    figures: Named | None = None
    paid: Decimal = ZERO

    def says(self, figures: Named, paid: Decimal) -> bool:
        """Whether it is these figures that were told, of as much in all: a part that was paid since and a raise of as
        much leave what was told, and are another plan.
        """
        return self.names(figures) and self.paid == paid

    def names(self, figures: Named) -> bool:
        """Whether it is these figures that were told."""
        return not self.withdrawn and self.figures == figures


def told_of(installment_ids: Collection[int]) -> list[Told]:
    """All that was told of these, or perhaps, the earliest first; three queries at most."""
    about = Prompt.objects.about_installments(installment_ids).filter(kind__in=Prompt.OF_FIGURES)
    prompts: dict[int, list[Prompt]] = {}
    for prompt in about.order_by("pk"):
        prompts.setdefault(prompt.told_with_id or prompt.pk, []).append(prompt)
    by_word = (
        _told(one, one.tell_at) for some in prompts.values() for one in some
        if one.status in _BY_WORD and one.voided_at is None
    )  # fmt: skip
    by_message = _by_message(prompts) if prompts else ()
    told = [*by_word, *by_message, *_by_tasks(installment_ids)]
    return sorted(told, key=lambda told: (told.at, told.figures is not None))


def _by_tasks(installment_ids: Collection[int]) -> Iterator[Told]:
    """What agents told who had taken up an alarm."""
    told = AgentTask.objects.filter(kind=AgentTask.Kind.UNTOLD, outcome=AgentTask.Outcome.TOLD)
    for task in told.filter(installment__in=installment_ids).order_by("done_at"):
        if task.done_at and task.version:
            yield Told(0, task.installment_id or 0, task.borrower_id, task.version, withdrawn=False, at=task.done_at)


def _by_message(prompts: dict[int, list[Prompt]]) -> Iterator[Told]:
    """What messages named of these prompts, which are given by the prompt that has the message."""
    sent = Delivery.objects.filter(_HANDED_OVER, prompt__in=prompts.keys()).exclude(facts=None)
    sent = sent.exclude(status=Status.FAILED, reason__startswith=SAID_NOTHING)
    sent = sent.exclude(_UNREAD & Exists(_OUTSIDE))
    for delivery in sent.select_related("prompt"):
        at, figures = delivery.sent_at or delivery.handed_at, named(delivery)
        paid = paid_then(delivery) if figures else {}
        for prompt in prompts[delivery.prompt_id]:
            if at and prompt.installment_id in figures:
                pk = prompt.installment_id
                yield replace(_told(prompt, at, figures[pk]), paid=paid.get(pk, ZERO))


def _told(prompt: Prompt, at: datetime, figures: Named | None = None) -> Told:
    about = prompt.installment_id or 0
    return Told(prompt.pk, about, prompt.borrower_id, prompt.version, prompt.says_withdrawn, at, figures)
