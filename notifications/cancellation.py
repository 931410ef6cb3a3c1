"""Takes back what need not be told any more: paid is paid, and a disputed debt is not demanded."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from loans.models import Dispute, Installment
from notifications.events import about, record_all
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.states import Status, Step, advance


def cancel_settled(installment_ids: Iterable[int], *, now: datetime) -> int:
    """Take back the live prompts of installments that are paid, withdrawn or changed since they were planned."""
    stale = Prompt.objects.filter(
        ~Q(installment__state=Installment.State.OPEN) | ~Q(installment__version=F("version")),
        installment__in=list(installment_ids),
        kind__in=Prompt.ASKING,
    )
    return cancel(stale, reason="paid or changed meanwhile", now=now)


def cancel_disputed(dispute_id: int, *, now: datetime) -> int:
    """Take back the live overdue prompts of what a dispute is about: its installment, or its whole loan."""
    dispute = Dispute.objects.get(pk=dispute_id)
    overdue = Prompt.objects.filter(kind=Prompt.Kind.OVERDUE, installment__loan=dispute.loan_id)
    if dispute.installment_id is not None:
        overdue = overdue.filter(installment=dispute.installment_id)
    return cancel(overdue, reason="disputed", now=now)


@transaction.atomic
def cancel(prompts: QuerySet[Prompt], *, reason: str, now: datetime) -> int:
    """End the live ones among `prompts`, with their open tasks, and take back what any of them has not handed over yet.

    Returns how many ended. One that was told or acknowledged stays so; an agent may have asked for it to be sent again.
    """
    rows = list(prompts.order_by("pk").select_for_update(of=("self",), no_key=True))
    if not rows:
        return 0
    ended = [row for row in rows if row.status in {Prompt.Status.ACTIVE, Prompt.Status.ESCALATED}]
    Prompt.objects.filter(pk__in=[row.pk for row in ended]).update(status=Prompt.Status.CANCELLED, reason=reason)
    cancel_unsent([row.pk for row in rows], reason=reason, now=now)
    close_tasks([row.pk for row in ended], now=now)
    record_all((about(row, NoticeEvent.Kind.CANCELLED, reason=reason) for row in ended), at=now)
    return len(ended)


def cancel_unsent(prompt_ids: Sequence[int], *, reason: str, now: datetime) -> None:
    """Take back what has not been handed over yet."""
    unsent = Delivery.objects.filter(prompt__in=prompt_ids, status__in=[Status.QUEUED, Status.RETRYING])
    advance(
        [Step(delivery_id=pk, to=Status.CANCELLED, reason=reason) for pk in unsent.values_list("pk", flat=True)],
        now=now,
    )


def close_tasks(prompt_ids: Sequence[int], *, now: datetime) -> None:
    """No person need act on these prompts any more."""
    AgentTask.objects.open().filter(prompt__in=prompt_ids).update(
        status=AgentTask.Status.DONE, outcome=AgentTask.Outcome.NOT_NEEDED, done_at=now
    )
