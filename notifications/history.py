"""What a borrower was told, ready to be read: prompts with their tellings and how well each is proved."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Prefetch, prefetch_related_objects

from accounts.models.contact_point import masked
from notifications.bundles import answers_to
from notifications.models import Acknowledgement, Delivery, Duty, FirmTelling, Prompt
from notifications.proof import Proof, firm_words, proof_of


@dataclass(frozen=True, slots=True)
class Told:
    """One telling and its proof. `address` is masked."""

    delivery: Delivery
    address: str
    proof: Proof


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt with its tellings, the first one first."""

    prompt: Prompt
    acknowledgement: Acknowledgement | None
    tellings: tuple[Told, ...]
    firm: FirmTelling | None = None
    """The word of the firm that has to tell it, where it has said something."""

    @property
    def firm_words(self) -> str:
        return firm_words(self.firm) if self.firm else ""

    @property
    def in_portal(self) -> Delivery | None:
        """The message in the portal, once it lies there."""
        placed = (told.delivery for told in self.tellings if told.delivery.channel == Delivery.Channel.IN_APP)
        return next((delivery for delivery in placed if delivery.facts is not None), None)

    @property
    def told_at(self) -> datetime:
        """When it was first told, or is to be, in UTC."""
        return min(
            (told.delivery.sent_at for told in self.tellings if told.delivery.sent_at), default=self.prompt.tell_at
        )

    @property
    def due_on(self) -> date | None:
        """The due day that was told in the portal, where one was: today's may be another."""
        facts = (self.in_portal.facts if self.in_portal else None) or {}
        return date.fromisoformat(facts["due_on"]) if "due_on" in facts else None

    @property
    def unread(self) -> bool:
        """It lies in the portal, unopened and not answered elsewhere."""
        return self.in_portal is not None and self.in_portal.seen_at is None and self.acknowledgement is None


def entries(prompts: Iterable[Prompt]) -> list[Entry]:
    """The entries of `prompts`, in their order, with two queries for all at most. Read them `with_subject()`."""
    listed = list(prompts)
    tellings = Delivery.objects.with_acceptance().order_by("rung", "pk")
    prefetch_related_objects(listed, Prefetch("deliveries", tellings))
    answers = answers_to(listed)
    return [_entry(prompt, answers.get(prompt.pk)) for prompt in listed]


def _entry(prompt: Prompt, acknowledgement: Acknowledgement | None) -> Entry:
    told = tuple(_told(delivery, acknowledgement) for delivery in prompt.deliveries.all())
    duty: Duty | None = getattr(prompt, "duty", None)
    return Entry(prompt, acknowledgement, told, duty.telling if duty else None)


def _told(delivery: Delivery, acknowledgement: Acknowledgement | None) -> Told:
    answered = acknowledgement is not None and acknowledgement.delivery_id == delivery.pk
    proof = proof_of(
        delivery,
        acknowledged_at=acknowledgement.acknowledged_at if acknowledgement and answered else None,
        accepted=bool(getattr(delivery, "accepted", False)),
    )
    return Told(delivery, masked(delivery.address) if delivery.address else "", proof)
