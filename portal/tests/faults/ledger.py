"""What became of every prompt, read from the database, beside what the provider has counted."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from loans.models import Installment
from notifications.models import AgentTask, Callback, Delivery, Prompt
from notifications.signatures import delivery_id_of
from notifications.states import Status
from notifications.tests.outside import SandboxProcess

OUTSIDE: Final = ("sms", "email", "voice")
ONCE: Final = ("sms", "voice")
"""Of these a second copy is noticed."""
UNDER_WAY: Final = (Status.QUEUED, Status.SENDING, Status.RETRYING)
Copies = Mapping[str, Mapping[str, list[str]]]
"""By channel and reference the Message-IDs of all that came; empty words for text messages and calls."""


def is_settled(sandbox: SandboxProcess) -> bool:
    """Nothing is under way any more: not a prompt, not a telling, not a receipt."""
    planned = Prompt.objects.filter(installment__isnull=False).values("installment")
    return not (
        Installment.objects.open().exclude(pk__in=planned).exists()
        or Prompt.objects.live().exists()
        or Delivery.objects.filter(status__in=UNDER_WAY).exists()
        or Delivery.objects.filter(channel__in=OUTSIDE, status=Status.SENT).exists()
        or sandbox.read_counts()["coming"]
        or Callback.objects.waiting().exists()
    )


@dataclass(frozen=True, slots=True)
class Telling:
    """One delivery outside the portal."""

    pk: int
    prompt_id: int
    channel: str
    status: str
    rung: int


class Ledger:
    """Everything about these installments as it stands."""

    def __init__(self, installments: Collection[int], copies: Copies) -> None:
        self.installments = set(installments)
        self.prompts = list(Prompt.objects.filter(installment__in=self.installments).order_by("pk"))
        ids = [prompt.pk for prompt in self.prompts]
        rows = Delivery.objects.filter(channel__in=OUTSIDE, prompt__in=ids).values_list(
            "pk", "prompt_id", "channel", "status", "rung"
        )
        self.tellings = {row[0]: Telling(*row) for row in rows}
        self.with_person = set(AgentTask.objects.open().filter(prompt__in=ids).values_list("prompt_id", flat=True))
        self.copies = {
            channel: {
                reference: ids for reference, ids in found.items() if (delivery_id_of(reference) or 0) in self.tellings
            }
            for channel, found in copies.items()
        }
        theirs = {reference: delivery_id_of(reference) or 0 for found in copies.values() for reference in found}
        known = set(Delivery.objects.filter(pk__in=set(theirs.values())).values_list("pk", flat=True))
        self.strange = [reference for reference, pk in theirs.items() if pk not in known]
        """What came under a reference that is none of a delivery here."""

    @cached_property
    def reached(self) -> set[int]:
        return {one.prompt_id for one in self.tellings.values() if one.status == Status.DELIVERED}

    @cached_property
    def safe(self) -> set[int]:
        """Prompts that are told with proof, known, or with a person; a companion shares what became of its leader."""
        return {prompt.pk for prompt in self.prompts if self._is_safe(prompt)}

    def _is_safe(self, prompt: Prompt) -> bool:
        leader = prompt.told_with_id or prompt.pk
        if prompt.status == Prompt.Status.TOLD:
            return leader in self.reached
        if prompt.status == Prompt.Status.ESCALATED:
            return leader in self.with_person
        return prompt.status == Prompt.Status.ACKNOWLEDGED

    def lost(self) -> list[int]:
        """Installments of which nothing reached the borrower and no person is to call."""
        return sorted(self.installments - {prompt.installment_id for prompt in self.prompts if prompt.pk in self.safe})

    def loose_ends(self) -> list[Telling]:
        """Tellings that came to nothing and that nothing followed: no later one, no person, no later stage."""
        last: dict[int, int] = {}
        for one in self.tellings.values():
            last[one.prompt_id] = max(one.rung, last.get(one.prompt_id, 0))
        latest = {installment: max(ids) for installment, ids in self._prompts_by_installment().items()}
        current = {prompt.pk for prompt in self.prompts if latest[prompt.installment_id or 0] == prompt.pk}
        return [
            one
            for one in self.tellings.values()
            if one.status != Status.DELIVERED
            and one.rung == last[one.prompt_id]
            and one.prompt_id in current
            and one.prompt_id not in self.safe
        ]

    def _prompts_by_installment(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for prompt in self.prompts:
            found.setdefault(prompt.installment_id or 0, []).append(prompt.pk)
        return found

    def twice(self) -> list[str]:
        """References of text messages and calls of which more than one came, whoever was asked for it."""
        return [reference for channel in ONCE for reference, copies in self.copies[channel].items() if len(copies) > 1]

    def strange_copies(self) -> list[str]:
        """References whose mails do not all carry one and the same Message-ID."""
        return [reference for reference, ids in self.copies["email"].items() if len(set(ids)) != 1 or not ids[0]]

    def untrue(self) -> list[str]:
        """Where our record and the provider's contradict each other: said to be handed over and never seen there, or
        there and said not to have been sent.
        """
        theirs = {delivery_id_of(reference) or 0 for copies in self.copies.values() for reference in copies}
        ours = self.tellings.values()
        claimed = {one.pk for one in ours if one.status in (Status.SENT, Status.DELIVERED)}
        denied = {one.pk for one in ours if one.status in (*UNDER_WAY, Status.CANCELLED)}
        return [*_say("recorded as handed over", claimed - theirs), *_say("at the provider", theirs & denied)]

    def count(self, status: str) -> int:
        return sum(one.status == status for one in self.tellings.values())


def _say(where: str, ids: Iterable[int]) -> list[str]:
    return [f"delivery {pk} is only {where}" for pk in ids]
