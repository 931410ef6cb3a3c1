"""Whether a borrower was provably told of an installment before it fell overdue: of the figures that hold."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

from loans.models import Dispute
from notifications.models import Acknowledgement, Delivery, Prompt
from notifications.named import Named, named
from notifications.timing import local_day


@dataclass(frozen=True, slots=True)
class Proof:
    """The moment at which a telling provably reached the borrower, how, and of which figures."""

    at: datetime
    how: str
    figures: Named


@dataclass(frozen=True, slots=True)
class Judged:
    """What arrived or was acknowledged no later than on the due date, in the borrower's calendar.

    `proof` is the first telling of the figures that hold, `outdated` the last one of others.
    """

    proof: Proof | None = None
    outdated: Proof | None = None


def judge(prompts: Iterable[Prompt], dispute: Dispute) -> Judged:
    """By the prompts of a coming payment, each with companions, deliveries and acknowledgement; what only lies in the
    portal proves nothing. Nothing is judged of a whole loan, which has no one due date.
    """
    upcoming = [one for one in prompts if one.kind == Prompt.Kind.UPCOMING] if dispute.installment_id else []
    holding, others = list[Proof](), list[Proof]()
    for prompt in upcoming:
        for about in members_about(prompt, dispute):
            for proof in _in_time(prompt, about, dispute.borrower.zone):
                (holding if _holds(proof.figures, about) else others).append(proof)
    return Judged(
        min(holding, key=lambda proof: proof.at, default=None), max(others, key=lambda proof: proof.at, default=None)
    )


def members_about(prompt: Prompt, dispute: Dispute) -> Sequence[Prompt]:
    """Of a leading prompt and its companions those about what is disputed; of one that leads none itself."""
    members = [prompt, *prompt.companions.all()]
    if dispute.installment_id:
        return [one for one in members if one.installment_id == dispute.installment_id]
    return [one for one in members if one.installment and one.installment.loan_id == dispute.loan_id] or [prompt]


def answer_of(prompt: Prompt, dispute: Dispute) -> Acknowledgement | None:
    """The acknowledgement of what is disputed, of those that the message was answered with."""
    members = members_about(prompt, dispute)
    return next((one.acknowledgement for one in members if hasattr(one, "acknowledgement")), None)


def _in_time(leading: Prompt, about: Prompt, zone: ZoneInfo) -> Iterator[Proof]:
    """What tells of `about` and came no later than on its due date, in the borrower's calendar."""
    for proof in _proofs(leading, about):
        if about.installment and local_day(proof.at, zone) <= about.installment.due_on:
            yield proof


def _proofs(leading: Prompt, about: Prompt) -> Iterator[Proof]:
    for delivery in leading.deliveries.all():
        figures = named(delivery).get(about.installment_id or 0)
        if figures and delivery.delivered_at and delivery.channel != Delivery.Channel.IN_APP:
            yield Proof(delivery.delivered_at, delivery.get_channel_display(), figures)
    if hasattr(about, "acknowledgement"):
        answer: Acknowledgement = about.acknowledgement
        figures = Named(answer.amount, answer.due_on)
        yield Proof(answer.acknowledged_at, gettext("acknowledged (strong)"), figures)


def _holds(figures: Named, about: Prompt) -> bool:
    """The day that holds, and no less than what is owed: what is left of the version that was told, all of another.
    What has made that version dearer was charged for being late (`apply_schedules`), and nobody could name it before.
    """
    installment = about.installment
    if installment is None or figures.due_on != installment.due_on:
        return False
    whole = installment.total - installment.waived
    if about.version != installment.version:
        return figures.amount >= whole
    return figures.amount >= min(installment.outstanding, whole - installment.fees - installment.penalties)
