"""Ends the prompts that a firm has told, and opens one again where the firm takes its word back."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from django.db import connection

from notifications import duty_statements
from notifications.cancellation import cancel_unsent
from notifications.events import about, record_all
from notifications.handing_back import moments
from notifications.ladder import BEFORE_THE_FIRST, OFF_THE_LADDER
from notifications.models import Delivery, Duty, FirmTelling, NoticeEvent, Prompt
from notifications.passed_by import passed_by
from notifications.taking_over import record_and_tell

REASON: Final = "told by a firm"
_PAST_THE_DUE_DAY: Final = timedelta(days=2)
"""After midnight UTC of the due date: over in every zone."""


def end_told_by_firm(leading: Collection[int], *, now: datetime) -> None:
    """End what a firm has told of these bundles, whose prompts are locked and of whose messages none has gone out.

    A message of which nothing else is left is taken back. Else it names the others alone, and the first of them leads
    where the one that led was told. What the word covers: until the next stage where it was only sent, for good where
    it arrived.
    """
    live = Prompt.objects.live().filter(voided_at=None)
    rows = list(live.bundles(leading).select_related("duty__telling", "installment").order_by("pk"))
    told = [row for row in rows if _is_told(row)]
    over = set(leading) - go_apart(rows, {row.pk for row in told}, reason=REASON, now=now)
    ends: dict[datetime, list[int]] = defaultdict(list)
    for row in told:
        ends[_covered_until(row)].append(row.pk)
    for until, ids in ends.items():
        these = Prompt.objects.live().filter(pk__in=ids)
        these.update(status=Prompt.Status.FIRM_TOLD, reason=REASON, look_again_at=until)
    # One that is void and only carried the message for the others.
    Prompt.objects.live().filter(pk__in=over).update(status=Prompt.Status.CANCELLED, reason=REASON)
    cancel_unsent(sorted(over), reason=REASON, now=now)


def go_apart(rows: Sequence[Prompt], told: Collection[int], *, reason: str, now: datetime) -> set[int]:
    """Take those that were `told` in another way out of their bundles, whose needed prompts in the order of their ids
    are `rows`, locked, and of whose messages none has gone out. Returns those that led a bundle of which others are
    left.
    """
    left = {row.pk: row for row in rows if row.pk not in told}
    going_on = {_leads(row): pk for pk, row in reversed(left.items())}
    apart = {row.pk for row in rows if row.pk in told and _leads(row) in going_on}
    Prompt.objects.filter(pk__in=apart).update(told_with=None)
    _lead_on({pk: first for pk, first in going_on.items() if pk in apart}, left, reason, now)
    return set(going_on)


def _is_told(prompt: Prompt) -> bool:
    duty: Duty | None = getattr(prompt, "duty", None)
    return duty is not None and duty.status == Duty.Status.MET


def _leads(prompt: Prompt) -> int:
    return prompt.told_with_id or prompt.pk


def _lead_on(following: Mapping[int, int], left: Mapping[int, Prompt], reason: str, now: datetime) -> None:
    """Who led leads no more: its ladder and its messages go over to the one that follows it."""
    if not following:
        return
    columns = {"leading": list(following), "following": list(following.values())}
    cancel_unsent(sorted(following), reason=reason, now=now)
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.LEAD_ON, columns)
    queue_again(following, left, reason=reason, why=reason, at=None, now=now)


def queue_again(
    following: Mapping[int, int],
    prompts: Mapping[int, Prompt],
    *,
    reason: str,
    why: str,
    at: datetime | None,
    now: datetime,
) -> None:
    """Queue what of each prompt was taken back for `reason`, which says how it was told, for the prompt that it is
    mapped to, for the moment of before, or for `at`; `why` goes on record.
    """
    columns = {"leading": list(following), "following": list(following.values())}
    parameters = {**columns, "at": at, "reason": reason, "off_the_ladder": OFF_THE_LADDER}
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.QUEUE_AGAIN, parameters)
        queued = cursor.fetchall()
    moved = NoticeEvent.Kind.MOVED
    record_all((about(prompts[pk], moved, channel=channel, why=why) for pk, channel in sorted(queued)), at=now)


def _covered_until(prompt: Prompt) -> datetime:
    duty = prompt.duty
    if duty.telling is None or prompt.installment is None or not duty.telling.proves_arrival:
        return duty.stands_until
    return datetime.combine(prompt.installment.due_on + _PAST_THE_DUE_DAY, time.min, UTC)


def take_back(failed: Sequence[tuple[Duty, FirmTelling]], prompts: Mapping[int, Prompt], *, now: datetime) -> None:
    """Each is a locked duty that was met and the firm's later word that it reached nobody.

    Where a stage follows, that one tells, and until then the borrower is covered as by what was only sent; else the
    portal sends at once (`handing_back.moments`). Where its time is over nobody does, and the word is on record.
    """
    past = passed_by([_leads(prompts[duty.prompt_id]) for duty, _telling in failed], now=now)
    again = [one for one in failed if one[0].needs_proof and _leads(prompts[one[0].prompt_id]) not in past]
    followed = [one for one in failed if one not in again]
    if followed:
        columns = {"duties": [one.pk for one, _ in followed], "tellings": [word.pk for _, word in followed]}
        with connection.cursor() as cursor:
            cursor.execute(duty_statements.COVER_UNTIL_THE_NEXT, columns)
    for at, these in moments([prompts[duty.prompt_id] for duty, _telling in again], now).items():
        _open_again([one for one in again if one[0].prompt_id in these], prompts, at, now)


def _open_again(
    failed: Sequence[tuple[Duty, FirmTelling]], prompts: Mapping[int, Prompt], at: datetime, now: datetime
) -> None:
    """Those whose message had named them together are told together again, at `at`; one that comes alone is told
    alone.
    """
    duties, ids = {duty.pk: telling.pk for duty, telling in failed}, [duty.prompt_id for duty, _telling in failed]
    with connection.cursor() as cursor:
        columns = {"duties": [*duties], "tellings": [*duties.values()]}
        cursor.execute(duty_statements.TAKE_BACK, {**columns, "at": at, "now": now})
    told = Prompt.objects.filter(status=Prompt.Status.FIRM_TOLD)
    told.filter(told_with__in=ids).exclude(pk__in=ids).update(told_with=None)
    told.filter(pk__in=ids, told_with__isnull=False).exclude(told_with__in=ids).update(told_with=None)
    alone = list(told.filter(pk__in=ids, told_with=None).values_list("pk", flat=True))
    queue_again({pk: pk for pk in alone}, prompts, reason=REASON, why="not_reached", at=at, now=now)
    in_portal = [Delivery(prompt_id=pk, channel=Delivery.Channel.IN_APP, next_attempt_at=at) for pk in sorted(alone)]
    Delivery.objects.bulk_create(in_portal, ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.OPEN_AGAIN, {"prompts": ids, "at": at, "before_the_first": BEFORE_THE_FIRST})
    rows = Duty.objects.filter(pk__in=duties).select_related("prompt", "responsible", "backup", "telling")
    record_and_tell(list(rows.order_by("pk")), now)
