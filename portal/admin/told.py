"""What a borrower was told about what they dispute, line by line, to be judged beside the dispute."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext

from accounts.masking import mask_text
from accounts.models.contact_point import masked
from loans.models import Dispute
from notifications import firm_words
from notifications.models import Acknowledgement, Delivery, Duty, Prompt, Receipt
from notifications.named import tells_of
from portal.admin.cells import stage_of
from portal.admin.duty_words import RELATED, telling_words
from portal.admin.reasons import reason_words
from portal.admin.told_in_time import Proof, answer_of, judge, members_about

LIMIT = 200
"""Prompts on one page, the newest; a loan of thirty years has more."""

Status = Delivery.Status
_RECEIPT_TONES = {Receipt.Kind.DELIVERED: "good", Receipt.Kind.FAILED: "danger", Receipt.Kind.UNKNOWN: "warn"}
_STATUS_TONES = {Status.DELIVERED: "good", Status.FAILED: "danger", Status.UNCONFIRMED: "warn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened, or is to happen, to a prompt. `address` is masked; `tone` repeats what `words` say."""

    at: datetime
    words: str
    channel: str = ""
    address: str = ""
    detail: str = ""
    tone: str = ""
    receipt_id: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One prompt and its lines in time order. `about` is the one about what is disputed, of those that it tells.
    `tellings` are the deliveries that name that, or are still to. `led_here`: the dispute was opened from its page.
    """

    prompt: Prompt
    about: Prompt
    tellings: list[Delivery]
    lines: list[Line]
    led_here: bool

    @property
    def rule(self) -> str:
        """Why it was planned: "3 days before the due date"."""
        return stage_of(self.prompt)


@dataclass(frozen=True, slots=True)
class Record:
    """All prompts about one dispute's installment, or its loan, the oldest first.

    `proof` is the first one that counts for its installment, `outdated` the last one that arrived in time and was about
    other figures. `judged` is False for a whole loan, where there is no one due date to judge by.
    """

    told: list[Told]
    older: int
    judged: bool
    proof: Proof | None
    outdated: Proof | None

    @property
    def tried(self) -> bool:
        """Whether anything about it was ever handed to a channel that leaves the portal."""
        return any(_left_the_portal(delivery) for told in self.told for delivery in told.tellings)


def read_record(dispute: Dispute) -> Record:
    """Read the record with a fixed number of queries."""
    prompts = _prompts_about(dispute)
    companions = Prompt.objects.select_related("acknowledgement", "installment").order_by("pk")
    newest = list(
        prompts.select_related("acknowledgement", "installment", *(f"duty__{name}" for name in RELATED))
        .prefetch_related(
            "disputed",
            Prefetch("deliveries", Delivery.objects.order_by("rung", "pk")),
            Prefetch("companions", companions),
        )
        .order_by("-planned_at", "-pk")[: LIMIT + 1]
    )
    older = prompts.count() - LIMIT if len(newest) > LIMIT else 0
    shown = newest[:LIMIT][::-1]
    receipts = _receipts_of(delivery.pk for prompt in shown for delivery in prompt.deliveries.all())
    judged = judge(shown, dispute)
    told = [_told(prompt, dispute, receipts) for prompt in shown]
    return Record(told, older, dispute.installment_id is not None, judged.proof, judged.outdated)


def _told(prompt: Prompt, dispute: Dispute, receipts: dict[int, list[Receipt]]) -> Told:
    about = members_about(prompt, dispute)
    tellings = [one for one in prompt.deliveries.all() if any(tells_of(one, member) for member in about)]
    lines = [
        *_lines(prompt, tellings, receipts, answer_of(prompt, dispute)),
        *(_line_of_another(delivery) for delivery in prompt.deliveries.all() if delivery not in tellings),
    ]
    led_here = any(link.dispute_id == dispute.pk for link in prompt.disputed.all())
    return Told(prompt, about[0], tellings, sorted(lines, key=lambda line: line.at), led_here)


def _prompts_about(dispute: Dispute) -> "QuerySet[Prompt]":
    of_borrower = Prompt.objects.of(dispute.borrower_id)
    if dispute.installment_id:
        named = Q(installment_id=dispute.installment_id) | Q(companions__installment_id=dispute.installment_id)
        return of_borrower.filter(named, told_with=None).distinct()
    loan = dispute.loan
    installments = list(loan.installments.values_list("pk", flat=True))
    # Ids in the query, not subqueries: joined by OR, only plain lists let PostgreSQL use an index for each column.
    companions = of_borrower.filter(installment_id__in=installments).exclude(told_with=None)
    return of_borrower.filter(
        Q(installment_id__in=installments)
        | Q(pk__in=list(companions.values_list("told_with", flat=True)))
        | Q(payment_id__in=list(loan.payments.values_list("pk", flat=True)))
        | Q(dispute_id__in=list(loan.disputes.values_list("pk", flat=True))),
        told_with=None,
    )


def _receipts_of(delivery_ids: Iterable[int]) -> dict[int, list[Receipt]]:
    found: dict[int, list[Receipt]] = defaultdict(list)
    for receipt in Receipt.objects.filter(delivery_id__in=list(delivery_ids)).order_by("pk"):
        if receipt.delivery_id is not None:
            found[receipt.delivery_id].append(receipt)
    return found


def _lines(
    prompt: Prompt, tellings: Iterable[Delivery], receipts: dict[int, list[Receipt]], answer: Acknowledgement | None
) -> Iterator[Line]:
    yield Line(at=prompt.planned_at, words=gettext("planned"))
    if duty := _duty(prompt):
        yield from _lines_of_duty(duty)
    for delivery in tellings:
        yield from _lines_of_delivery(delivery, receipts.get(delivery.pk, []))
    if answer:
        yield Line(
            at=answer.acknowledged_at,
            words=gettext("acknowledged (strong)"),
            detail=answer.get_method_display(),
            tone="good",
        )


def _lines_of_duty(duty: Duty) -> Iterator[Line]:
    """What the firm that had to send it said, which proves nothing here, and when the portal took over."""
    if duty.telling:
        words = firm_words.kind_of(duty.telling).label
        yield Line(at=duty.telling.heard_at, words=str(words), detail=telling_words(duty.telling))
    if duty.status == Duty.Status.TAKEN_OVER and duty.settled_at:
        yield Line(at=duty.settled_at, words=duty.get_status_display(), detail=reason_words(duty.why_late), tone="warn")


def _lines_of_delivery(delivery: Delivery, receipts: list[Receipt]) -> Iterator[Line]:
    channel, address = delivery.get_channel_display(), masked(delivery.address) if delivery.address else ""
    if delivery.channel == Delivery.Channel.IN_APP:
        yield from _lines_in_the_portal(delivery, channel)
        return
    if delivery.sent_at:
        yield Line(at=delivery.sent_at, words=gettext("handed over"), channel=channel, address=address)
    for receipt in receipts:
        yield Line(
            at=receipt.received_at,
            words=receipt.get_kind_display(),
            channel=channel,
            address=address,
            detail=mask_text(" · ".join(filter(None, [receipt.provider_word, receipt.reason])), [delivery.address]),
            tone=_RECEIPT_TONES.get(Receipt.Kind(receipt.kind), ""),
            receipt_id=receipt.pk,
        )
    if delivery.seen_at:
        yield Line(at=delivery.seen_at, words=gettext("seen (weak)"), channel=channel, address=address)
    if not _is_said(delivery, receipts):
        yield Line(
            at=_moment_of_status(delivery),
            words=delivery.get_status_display(),
            channel=channel,
            address=address,
            detail=mask_text(delivery.reason, [delivery.address]),
            tone=_STATUS_TONES.get(Status(delivery.status), ""),
        )


def _line_of_another(delivery: Delivery) -> Line:
    """Of a message for several that named what is not disputed, wherever it came."""
    channel, address = delivery.get_channel_display(), masked(delivery.address) if delivery.address else ""
    words = gettext("went out without naming it") if delivery.sent_at else gettext("does not name it")
    return Line(at=delivery.sent_at or _moment_of_status(delivery), words=words, channel=channel, address=address)


def _lines_in_the_portal(delivery: Delivery, channel: str) -> Iterator[Line]:
    """What lies there proves nothing before it is opened, and little afterwards."""
    if delivery.sent_at:
        yield Line(at=delivery.sent_at, words=gettext("placed in the portal"))
    else:
        status = delivery.get_status_display()
        yield Line(at=_moment_of_status(delivery), words=status, channel=channel, detail=delivery.reason)
    if delivery.seen_at:
        yield Line(at=delivery.seen_at, words=gettext("seen (weak)"), channel=channel)


def _is_said(delivery: Delivery, receipts: list[Receipt]) -> bool:
    """Whether another line says already what the status says."""
    return delivery.status == Status.SENT or any(receipt.kind == delivery.status for receipt in receipts)


def _moment_of_status(delivery: Delivery) -> datetime:
    if delivery.status in {Status.QUEUED, Status.RETRYING}:
        return delivery.next_attempt_at
    return delivery.delivered_at or delivery.sent_at or delivery.claimed_at or delivery.next_attempt_at


def _left_the_portal(delivery: Delivery) -> bool:
    return delivery.sent_at is not None and delivery.channel != Delivery.Channel.IN_APP


def _duty(prompt: Prompt) -> Duty | None:
    return getattr(prompt, "duty", None)
