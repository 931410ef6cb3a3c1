"""Ends what a person told: the prompts that they were shown, each on record as told, and nothing else."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from accounts.models import User
from loans.models import Installment
from notifications.cancellation import LIVE, cancel_refused, cancel_waiting, close_tasks, lock_messages
from notifications.ending_told import set_free
from notifications.events import about, record, record_all
from notifications.firm_told import go_apart
from notifications.letting_off import let_off
from notifications.models import AgentTask, NoticeEvent, Prompt
from notifications.to_tell import leading_of, tellable, what_to_tell

TOLD_IN_PERSON: Final = "told in person"
NOT_WHILE_PLANNING: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.told'))"
"""Waits for the portions that are being planned: what was told is found by these, or finds their rows."""
WHILE_PLANNING: Final = "SELECT pg_advisory_xact_lock_shared(hashtext('notifications.told'))"
"""The other side, which planners share: until the commit, what is told waits for the rows."""
NOT_SPOKEN_OF: Final = "not to be told when a person told the others"
_ACTIVE: Final = Prompt.Status.ACTIVE


class OtherFiguresError(Exception):
    """The bank has changed the figures since the agent was shown them: these were told to nobody."""


def end_as_told(
    task: AgentTask, agent: User, shown: Collection[int] | None, version: int | None, *, now: datetime
) -> bool:
    """Write down that `agent` told, of this task's prompt, the prompts that they were `shown` (None: those that may be
    told now); of an alarm's task, its installment, of which they were shown the `version` (None: that of now). Returns
    whether there was anything to tell, else changes nothing. Raises OtherFiguresError where it is another by now.
    """
    named = what_to_tell([task], now=now, though_told=True)[task.pk]
    # What their page showed was free to be told then; a hold that began while they spoke does not undo it.
    may_tell = named if task.prompt is None and version else tellable(named)
    said: dict[str, Any] = {"actor_id": agent.pk, "task": task.pk, "outcome": AgentTask.Outcome.TOLD.value}
    if task.prompt is None:
        if may_tell and (row := may_tell[0].installment):
            if version not in {None, row.version}:
                raise OtherFiguresError
            _end_of_installment(task, row, said, now)
        return bool(may_tell)
    ids = {one.prompt_id for one in may_tell if one.prompt_id} if shown is None else shown
    told = list(Prompt.objects.bundles([task.prompt.pk]).filter(pk__in=ids).order_by("pk"))
    if told:
        _end_of_prompt(task.prompt, told, now)
        record_all([about(one, NoticeEvent.Kind.TASK_DONE, **said) for one in told], at=now)
    return bool(told)


def _end_of_prompt(leading: Prompt, told: Collection[Prompt], now: datetime) -> None:
    """What was held, or has joined since, is told by itself, but for one that led: a later stage tells it. What a cap
    or a halt holds is taken back.
    """
    escalated = Prompt.objects.bundles([leading.pk]).filter(status=Prompt.Status.ESCALATED)
    unsaid = escalated.filter(voided_at=None).exclude(pk__in=[one.pk for one in told])
    set_free(unsaid.exclude(told_with=None), now=now)
    record_all([about(one, NoticeEvent.Kind.CANCELLED, reason=NOT_SPOKEN_OF) for one in unsaid], at=now)
    unsaid.update(status=Prompt.Status.CANCELLED, reason=NOT_SPOKEN_OF, voided_at=now)
    escalated.filter(voided_at=None).update(status=Prompt.Status.TOLD)
    # One that is void and only carried the message for the others.
    escalated.update(status=Prompt.Status.CANCELLED, reason=TOLD_IN_PERSON)
    _stop([leading.pk], now)


def _end_of_installment(task: AgentTask, row: Installment, said: dict[str, Any], now: datetime) -> None:
    """These figures were told: the task keeps which, what is still told of them ends, and a firm that had to is let
    off.
    """
    AgentTask.objects.filter(pk=task.pk).update(version=row.version)
    with connection.cursor() as cursor:
        cursor.execute(NOT_WHILE_PLANNING)
    subject = {"borrower_id": task.borrower_id, "installment_id": row.pk}
    record(NoticeEvent.Kind.TASK_DONE, at=now, **subject, **said, version=row.version)
    leading = leading_of(row, LIVE)
    locked = Prompt.objects.bundles(leading).order_by("pk").select_for_update(of=("self",), no_key=True)
    live = [one for one in locked if one.voided_at is None and one.status in LIVE]
    told = [one for one in live if one.installment_id == row.pk]
    going_on = _leave(live, {one.pk for one in told}, now)
    over = sorted(leading - going_on)
    # One that is void and only carried the message for this one.
    Prompt.objects.filter(pk__in=over, status__in=LIVE).update(status=Prompt.Status.CANCELLED, reason=TOLD_IN_PERSON)
    _stop(over, now)
    close_tasks(over, now=now)
    let_off([one.pk for one in told], why=TOLD_IN_PERSON, now=now)
    record_all([about(one, NoticeEvent.Kind.TASK_DONE, **said) for one in told], at=now)


def _leave(live: Sequence[Prompt], told: Collection[int], now: datetime) -> set[int]:
    """End those of these locked bundles that were `told`; returns those that lead what is told with them and goes on.

    Nothing names them any more. A message that has gone out stays the proof of all that it named, and a task the task
    of all that it is about: there they are void, and one that leads goes on carrying the message for the others.
    """
    stays = _gone_out({_leads(one) for one in live}) | {_leads(one) for one in live if one.status != _ACTIVE}
    apart = go_apart([one for one in live if _leads(one) not in stays], told, reason=TOLD_IN_PERSON, now=now)
    carried = stays & {_leads(one) for one in live if one.pk not in told}
    void = {one.pk for one in live if one.pk in told and _leads(one) in carried}
    these = Prompt.objects.filter(status__in=LIVE, voided_at=None)
    these.filter(pk__in=told).exclude(pk__in=void & carried).update(status=Prompt.Status.TOLD)
    Prompt.objects.filter(pk__in=void, voided_at=None).update(voided_at=now)
    return apart | carried


def _stop(leading: Collection[int], now: datetime) -> None:
    """Nothing more goes out of these, nor what a provider has refused so far."""
    cancel_waiting(leading, reason=TOLD_IN_PERSON, now=now)
    cancel_refused(leading, reason=TOLD_IN_PERSON, now=now)


def _gone_out(leading: Collection[int]) -> set[int]:
    """Those whose message a provider may have taken; no worker takes that of another until this transaction ends."""
    messages = lock_messages(leading)
    return {one.prompt_id for one, is_free in messages if not is_free or (one.attempts and not one.was_refused)}


def _leads(prompt: Prompt) -> int:
    return prompt.told_with_id or prompt.pk
