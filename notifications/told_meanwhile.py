"""Tasks about whom no channel had reached, and something reached them after all: nobody calls to say it once more.

No ladder asks for a person once its message has arrived (`ladder.decide`), and another stage of the same figures says
the same. Owed all the same is what the message did not name; a reminder of what is coming up that arrived when its due
day was over; and a notice before a report that was read in the portal alone, since that begins no days (`report_day`).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from notifications.cancellation import cancel_waiting
from notifications.escalation import TOLD_ELSEWHERE
from notifications.events import Fact, about, record_all
from notifications.models import NoticeEvent, Prompt
from notifications.named import NAMES_IT, named_by_what_arrived
from notifications.passed_by import STAGED
from notifications.told_since import PROVED

ARRIVED: Final = "its message has arrived: no person need call"
ANSWERED: Final = "acknowledged"
ON_THE_PHONE: Final = timedelta(hours=1)
"""Whoever was shown the number so lately may be speaking with them, and will say what came of it."""

_NOT_SHOWN: Final = """
NOT EXISTS (
    SELECT FROM notifications_noticeevent AS shown
    WHERE shown.borrower_id = task.borrower_id AND shown.kind = 'revealed'
      AND shown.at > %(shown_since)s AND (shown.data ->> 'task')::bigint = task.id OFFSET 0)
"""
# What carries no list names the prompt that leads alone.
_IS_TOLD: Final = f"""
EXISTS (
    SELECT FROM notifications_delivery AS arrived
    WHERE arrived.prompt_id = task.prompt_id AND arrived.status = 'delivered'
      AND (prompt.kind <> 'prior_notice' OR arrived.channel <> 'in_app')
      AND (prompt.id = task.prompt_id OR arrived.facts -> 'items' IS NOT NULL)
      AND {NAMES_IT.format(delivery="arrived")} OFFSET 0)
"""
_BY_ANOTHER_STAGE: Final = f"""
EXISTS (
    SELECT FROM notifications_prompt AS other
    WHERE prompt.kind IN ('upcoming', 'overdue') AND other.installment_id = prompt.installment_id
      AND other.kind = prompt.kind AND other.version = prompt.version AND other.id <> prompt.id
      AND other.payment_id IS NULL AND other.dispute_id IS NULL AND other.voided_at IS NULL
      AND {PROVED.format(prompt="other", since="task.created_at")} OFFSET 0)
"""
_BUNDLE: Final = "(prompt.id = task.prompt_id OR prompt.told_with_id = task.prompt_id)"
_IS_LIVE: Final = "prompt.voided_at IS NULL AND prompt.status IN ('active', 'escalated')"
# A task that somebody has is theirs to finish, unless all of it was answered.
_OVER: Final = f"""
task.kind = 'unreachable' AND task.status = 'open'
AND EXISTS (
    SELECT FROM notifications_prompt AS prompt
    LEFT JOIN notifications_acknowledgement AS answer ON answer.prompt_id = prompt.id
    WHERE {_BUNDLE} AND ({_IS_LIVE} OR answer.id IS NOT NULL) OFFSET 0)
AND NOT EXISTS (
    SELECT FROM notifications_prompt AS prompt
    LEFT JOIN loans_installment AS installment ON installment.id = prompt.installment_id
    WHERE {_BUNDLE} AND {_IS_LIVE}
      AND (task.assignee_id IS NOT NULL OR NOT ({_IS_TOLD} OR {_BY_ANOTHER_STAGE})) OFFSET 0)
AND {_NOT_SHOWN}
"""  # noqa: S608  (nothing of it comes from outside)
# Who works on a task, or ends its prompts, locks the one before the other or the other way round: none is waited for.
_FIND: Final = f"""
SELECT task.id, task.prompt_id FROM notifications_agenttask AS task WHERE {_OVER}
ORDER BY task.id FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608
_NOT_NEEDED: Final = (
    "UPDATE notifications_agenttask AS task SET status = 'done', outcome = 'not_needed', done_at = %(now)s"
)
_CLOSE: Final = f"{_NOT_NEEDED} WHERE task.id = ANY(%(ids)s::bigint[]) AND {_OVER} RETURNING task.id, task.prompt_id"
_CLOSE_ANSWERED: Final = f"""
{_NOT_NEEDED} WHERE task.status = 'open' AND task.prompt_id = ANY(%(ids)s::bigint[]) AND {_NOT_SHOWN}
"""


@transaction.atomic
def close_told(now: datetime) -> int:
    """Close the tasks on which no agent has begun and whose message has arrived, or that of another stage, and those of
    which all was answered; returns how many. Their prompts are told, or not needed where another stage told it, each
    with the reason on record.
    """
    tasks = _rows(_FIND, now)
    bundles = _free_bundles({leading for _task, leading in tasks}, now)
    closed = _rows(_CLOSE, now, [task for task, leading in tasks if leading in bundles]) if bundles else []
    if not closed:
        return 0
    leading = [prompt_id for _task, prompt_id in closed]
    elsewhere = _told_elsewhere([one for pk in leading for one in bundles[pk] if _is_live(one)])
    facts = [fact for task_id, prompt_id in closed for fact in _facts(task_id, bundles[prompt_id], elsewhere)]
    these = Prompt.objects.bundles(leading).filter(status=Prompt.Status.ESCALATED)
    these.filter(pk__in=elsewhere).update(status=Prompt.Status.CANCELLED, reason=TOLD_ELSEWHERE)
    # One that is void and carries the message of others has what became of these.
    these.update(status=Prompt.Status.TOLD, reason="")
    cancel_waiting(leading, reason=TOLD_ELSEWHERE, now=now)
    record_all(facts, at=now)
    return len(closed)


def close_answered(prompt_ids: Collection[int], *, now: datetime) -> None:
    """Their borrower knows: no person need act on these, but for one who may be speaking with them."""
    asked: dict[str, Any] = {"ids": list(prompt_ids), "shown_since": now - ON_THE_PHONE, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_ANSWERED, asked)


def _told_elsewhere(live: Sequence[Prompt]) -> set[int]:
    """Those of these, by id, whose own message has not arrived, or did not name them; one query."""
    staged = [one for one in live if one.kind in STAGED]
    named = named_by_what_arrived({_leads(one.pk, one.told_with_id) for one in staged}) if staged else set()
    return {one.pk for one in staged if (_leads(one.pk, one.told_with_id), one.installment_id) not in named}


def _facts(task_id: int, bundle: Sequence[Prompt], elsewhere: Collection[int]) -> Iterator[Fact]:
    """Of each prompt that is told; where all were answered, of the first."""
    told = [one for one in bundle if _is_live(one)]
    for one in told:
        why = TOLD_ELSEWHERE if one.pk in elsewhere else ARRIVED
        yield about(one, NoticeEvent.Kind.CANCELLED, reason=why, task=task_id)
    if not told:
        yield about(bundle[0], NoticeEvent.Kind.CANCELLED, reason=ANSWERED, task=task_id)


def _rows(statement: str, now: datetime, ids: Collection[int] = ()) -> list[tuple[int, int]]:
    asked: dict[str, Any] = {"now": now, "shown_since": now - ON_THE_PHONE, "ids": list(ids)}
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        rows: list[tuple[int, int]] = cursor.fetchall()
    return rows


def _free_bundles(leading: Collection[int], now: datetime) -> dict[int, list[Prompt]]:
    """The prompts of each, locked: those that nobody else is at, and of which none came too late to be told by it."""
    if not leading:
        return {}
    these = Prompt.objects.bundles(leading).order_by("pk")
    free = these.select_related("installment", "borrower").select_for_update(
        of=("self",), no_key=True, skip_locked=True
    )
    found: dict[int, list[Prompt]] = {}
    for prompt in free:
        found.setdefault(_leads(prompt.pk, prompt.told_with_id), []).append(prompt)
    sizes = Counter(_leads(pk, leads) for pk, leads in these.values_list("pk", "told_with_id"))
    return {
        pk: bundle
        for pk, bundle in found.items()
        if len(bundle) == sizes[pk] and not any(_is_late(one, now) for one in bundle)
    }


def _leads(prompt_id: int, told_with_id: int | None) -> int:
    return told_with_id or prompt_id


def _is_live(prompt: Prompt) -> bool:
    return prompt.voided_at is None and prompt.status == Prompt.Status.ESCALATED


def _is_late(prompt: Prompt, now: datetime) -> bool:
    return _is_live(prompt) and prompt.latest is not None and prompt.latest <= now
