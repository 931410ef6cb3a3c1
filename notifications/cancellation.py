"""Takes back what need not be told any more: paid is paid, and a disputed debt is not demanded."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from loans.models import Dispute, Installment, Payment
from notifications.events import about, record_all
from notifications.ladder import OFF_THE_LADDER
from notifications.letting_off import let_off
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.states import Status, Step, advance

_State = Installment.State
NEWS: Final = (Prompt.Kind.SCHEDULE_CHANGED, Prompt.Kind.OUTAGE_DECLARED)
"""Those that are planned once a version: no later stage tells what they left untold."""
NOT_NEEDED: Final = "paid or changed meanwhile"
LIVE: Final = frozenset({Prompt.Status.ACTIVE, Prompt.Status.ESCALATED})
"""Those whose borrower is still to be told, by a ladder or by a person."""

_RETRIES_BEFORE: Final = timedelta(minutes=10)
_RETRIES_AFTER: Final = timedelta(seconds=10)
"""Around now, what must not be tried again is looked for: two sweeps ahead of its next try, and some behind."""
_RETRIES_AT_MOST: Final = 500
_OF_RETRIES: Final = ("pk", "prompt__reason", "prompt__status")


def cancel_settled(installment_ids: Iterable[int], *, now: datetime) -> int:
    """Take back the live prompts of installments that are paid, withdrawn or changed since they were planned, and those
    which say that one is no longer to be paid that is so no more. News that are planned once a version wait while a
    firm has seen the money (`needed`).
    """
    gone = Q(kind=Prompt.Kind.SCHEDULE_CHANGED, stage=Prompt.WITHDRAWN)
    dropped = Q(installment__state=_State.WITHDRAWN)
    dropped |= Q(installment__state=_State.SETTLED, installment__paid=0, installment__waived__gt=0)
    waiting = Q(kind__in=NEWS, installment__state=_State.AWAITING_BANK)
    as_said = gone & dropped | ~gone & (Q(installment__state=_State.OPEN) | waiting)
    stale = Prompt.objects.about_installments(list(installment_ids)).filter(
        ~as_said | ~Q(installment__version=F("version")), kind__in=Prompt.OF_FIGURES
    )
    return cancel(stale, reason=NOT_NEEDED, now=now)


def cancel_outdated(payments: "QuerySet[Payment]", *, now: datetime) -> int:
    """Take back the news of these payments that are not so any more (`needed.is_so`), or that went to another than the
    loan's borrower. What was told is void, too: when it is so once more, it is news again.
    """
    paid = Q(payment__status=Payment.Status.RETURNED, payment__installment__isnull=False)
    paid &= ~Q(payment__installment__state=Installment.State.OPEN)
    told = Prompt.objects.filter(payment__in=payments, voided_at=None)
    another = ~Q(borrower=F("payment__loan__borrower"))
    outdated = told.filter(paid | another | ~Q(kind=Concat(Value("payment_"), F("payment__status"))))
    ids = list(outdated.values_list("pk", flat=True))
    if not ids:
        return 0
    cancelled = cancel(Prompt.objects.filter(pk__in=ids), reason=NOT_NEEDED, now=now)
    Prompt.objects.filter(pk__in=ids, voided_at=None).update(voided_at=now)
    return cancelled


def cancel_disputed(dispute_id: int, *, now: datetime) -> int:
    """Take back the live overdue prompts and notices of what a dispute is about: its installment, or its whole loan."""
    dispute = Dispute.objects.get(pk=dispute_id)
    overdue = Prompt.objects.filter(kind__in=Prompt.HELD_BY_DISPUTE, installment__loan=dispute.loan_id)
    if dispute.installment_id is not None:
        overdue = overdue.filter(installment=dispute.installment_id)
    return cancel(overdue, reason="disputed", now=now)


def cancel_held(installment_ids: Iterable[int], *, now: datetime) -> int:
    """Take back the live overdue prompts and notices of installments that an outage touches."""
    overdue = Prompt.objects.about_installments(list(installment_ids)).filter(kind__in=Prompt.HELD_BY_DISPUTE)
    return cancel(overdue, reason="an outage of a firm", now=now)


@transaction.atomic
def cancel(prompts: QuerySet[Prompt], *, reason: str, now: datetime) -> int:
    """End the live ones among `prompts`, with their open tasks, and take back what any of them has not handed over yet.

    Returns how many ended. One that was told or acknowledged stays so; an agent may have asked for it to be sent again.
    One that leads others which are still needed goes on carrying their message, void itself.
    """
    void = set(prompts.values_list("pk", flat=True))
    rows = _locked(void)
    needed = {
        row.told_with_id or row.pk
        for row in rows
        if row.pk not in void and row.voided_at is None and row.status != Prompt.Status.CANCELLED
    }
    gone = [row for row in rows if row.pk in void and row.voided_at is None and row.status in LIVE]
    over = {row.pk for row in rows if row.told_with_id is None and row.pk not in needed}
    ends = [row.pk for row in rows if row.pk in over or (row.pk in void and row.pk not in needed)]
    Prompt.objects.filter(pk__in=[row.pk for row in gone]).update(voided_at=now)
    Prompt.objects.filter(pk__in=ends, status__in=LIVE).update(status=Prompt.Status.CANCELLED, reason=reason)
    cancel_unsent(sorted(over), reason=reason, now=now)
    close_tasks(ends, now=now)
    record_all((about(row, NoticeEvent.Kind.CANCELLED, reason=reason) for row in gone), at=now)
    let_off([row.pk for row in gone], why=reason, now=now)
    return len(gone)


def _locked(prompt_ids: Collection[int]) -> list[Prompt]:
    """These prompts and all that is told with them, locked. Until the locks were had, another may have come to lead."""
    known: set[int] = set()
    rows: list[Prompt] = []
    while not known >= (leading := _leading(prompt_ids)):
        known |= leading
        rows = list(Prompt.objects.bundles(leading).order_by("pk").select_for_update(of=("self",), no_key=True))
    return rows


def _leading(prompt_ids: Collection[int]) -> set[int]:
    return {row.told_with_id or row.pk for row in Prompt.objects.filter(pk__in=prompt_ids).only("told_with_id")}


def cancel_unsent(prompt_ids: Sequence[int], *, reason: str, now: datetime) -> None:
    """Take back what has not been handed over yet."""
    _take_back(Delivery.objects.filter(prompt__in=prompt_ids), reason, now)


def cancel_waiting(leading_ids: Collection[int], *, reason: str, now: datetime) -> None:
    """Take back what of these prompts' ladders has never been handed over: they were told in another way. What lies in
    the portal stays, and so do what an agent sent again and what may have arrived at an earlier attempt.
    """
    never = Delivery.objects.filter(prompt__in=leading_ids, attempts=0)
    _take_back(never.exclude(channel=Delivery.Channel.IN_APP).exclude(rung=OFF_THE_LADDER), reason, now)


def lock_messages(leading_ids: Collection[int]) -> list[tuple[Delivery, bool]]:
    """The messages of these prompts outside of the portal, each with whether it was free and is locked now: until this
    transaction ends no worker takes it. Of any other a worker is writing down what becomes of it, and may be waiting
    for the prompt: nobody waits for that.
    """
    messages = Delivery.objects.filter(prompt__in=leading_ids).exclude(channel=Delivery.Channel.IN_APP).order_by("pk")
    free = {one.pk: one for one in messages.select_for_update(of=("self",), no_key=True, skip_locked=True)}
    return [(free.get(one.pk, one), one.pk in free) for one in messages]


def cancel_refused(leading_ids: Collection[int], *, reason: str, now: datetime) -> None:
    """Take back what of these prompts' ladders is to be tried again and was surely not taken so far. A mail or a
    push may have been (`outcomes`).
    """
    again = Delivery.objects.refused().filter(prompt__in=leading_ids)
    _take_back(again.exclude(rung=OFF_THE_LADDER), reason, now)


def take_back_retries(*, now: datetime) -> int:
    """Take back what is about to be tried again though its prompt has ended; returns how many. A call would say nothing
    to who was told meanwhile (`spoken`).

    Who wrote down that a provider had not taken it and who ended its prompt did not see each other.
    """
    ended = Q(prompt__status=Prompt.Status.CANCELLED)
    ended |= Q(prompt__status=Prompt.Status.ACKNOWLEDGED) & ~Q(rung=OFF_THE_LADDER)
    ended |= Q(prompt__status=Prompt.Status.TOLD, channel=Delivery.Channel.VOICE) & ~Q(rung=OFF_THE_LADDER)
    retries = Delivery.objects.filter(ended, status=Status.RETRYING, next_attempt_at__lte=now + _RETRIES_AFTER)
    # By every channel, so that the index of what is to be tried again is walked for these moments alone. Calls wait for
    # their turn behind all that came before them (`pacing`).
    lately = Q(next_attempt_at__gte=now - _RETRIES_BEFORE, channel__in=Delivery.Channel.values)
    found = (retries.filter(which) for which in (lately, Q(channel=Delivery.Channel.VOICE)))
    rows = {row for some in found for row in some.values_list(*_OF_RETRIES)[:_RETRIES_AT_MOST]}
    steps = [Step(delivery_id=pk, to=Status.CANCELLED, reason=reason or status) for pk, reason, status in rows]
    return len(advance(steps, now=now))


def _take_back(deliveries: QuerySet[Delivery], reason: str, now: datetime) -> None:
    """Those of them that are not being handed over."""
    unsent = deliveries.filter(status__in=[Status.QUEUED, Status.RETRYING]).values_list("pk", flat=True)
    advance([Step(delivery_id=pk, to=Status.CANCELLED, reason=reason) for pk in unsent], now=now)


def close_tasks(prompt_ids: Sequence[int], *, now: datetime) -> None:
    """No person need act on these prompts any more."""
    AgentTask.objects.open().filter(prompt__in=prompt_ids).update(
        status=AgentTask.Status.DONE, outcome=AgentTask.Outcome.NOT_NEEDED, done_at=now
    )
