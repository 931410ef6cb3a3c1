"""Hands the message of several news on to those that may be told, where the one that leads it has to wait.

News of figures come once a version and wait while a firm has seen the money (`needed`). A companion that waits is told
by itself afterwards. One that led the message by which the others were told would be left: its row is the proof of
their telling, and there can be no other about the same figures.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from loans.models import Installment
from notifications.cancellation import NEWS, lock_messages
from notifications.clock import Clock
from notifications.firm_told import go_apart, queue_again
from notifications.ladder import RECEIPT_WITHIN
from notifications.models import Delivery, Prompt

WAITS: Final = "a firm has seen the money for one that was told with it"
_State, _Status = Installment.State, Delivery.Status


def hand_on(installment_ids: Collection[int], clock: Clock, held: Collection[int] | None = None) -> set[int]:
    """Of news about these installments that are told together with others: let those that may be told go on without one
    that leads them and waits. Returns these leading prompts, each of which waits with a message of its own.

    A ladder names the leading prompts that it has locked, as `held`: it waits for no others.
    """
    news = Prompt.objects.live().filter(kind__in=NEWS, voided_at=None)
    touched = news.about_installments(installment_ids).values_list("pk", "told_with")
    leading = {told_with or pk for pk, told_with in touched}
    if held is not None:
        leading &= set(held)
    if not leading:
        return set()
    locked = news.bundles(leading).select_related("installment").order_by("pk")
    rows = sorted(locked.select_for_update(of=("self",), no_key=True), key=_waits)
    free = {row.told_with_id for row in rows if row.told_with_id and not _waits(row)}
    waiting = {row.pk for row in rows if row.pk in free and _waits(row)}
    parting = waiting - _under_way(waiting, clock, by_ladder=held is not None)
    if parting:
        _part(parting, rows, clock.now)
    return parting


def _waits(prompt: Prompt) -> bool:
    return prompt.installment is not None and prompt.installment.state == _State.AWAITING_BANK


def _part(waiting: Collection[int], rows: Sequence[Prompt], now: datetime) -> None:
    these = [row for row in rows if (row.told_with_id or row.pk) in waiting]
    go_apart(these, waiting, reason=WAITS, now=now)
    queue_again({pk: pk for pk in waiting}, {row.pk: row for row in these}, reason=WAITS, why=WAITS, at=None, now=now)


def _under_way(leading: Collection[int], clock: Clock, *, by_ladder: bool) -> set[int]:
    """Those of which a message is, which may have named all of them: when it does not arrive, the ladder asks again.
    What is to be tried again is worded anew, without the one that waits.
    """
    return {
        one.prompt_id
        for one, is_free in lock_messages(leading)
        if not is_free
        or one.status in {_Status.SENDING, _Status.DELIVERED}
        or (one.status == _Status.SENT and not (by_ladder and _is_late(one, clock)))
    }


def _is_late(delivery: Delivery, clock: Clock) -> bool:
    """Whether its receipt is. A ladder may look before, for another message."""
    within = RECEIPT_WITHIN[Delivery.Channel(delivery.channel)] * clock.pace
    return delivery.sent_at is not None and delivery.sent_at + within <= clock.now
