"""Climbs the ladders: asks `ladder` about each prompt whose time has come and writes what it decides."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction

from accounts.models import ContactPoint
from notifications import ladder
from notifications.cancellation import NEWS, NOT_NEEDED, cancel, cancel_unsent, cancel_waiting
from notifications.capping import is_capped
from notifications.clock import Clock
from notifications.ending_told import end_told
from notifications.events import Fact, about, record_all
from notifications.halting import halted_everywhere, held_unread
from notifications.handing_on import hand_on
from notifications.models import AgentTask, Delivery, NoticeEvent, Preference, Prompt
from notifications.needed import look
from notifications.overtaking import end_overtaken
from notifications.partner_news import tell_unreached
from notifications.passed_by import STAGED, may_be_off_its_day, off_their_day
from notifications.putting_off import lawful_when_late, put_off, put_off_until, wait_for_lift, wait_until_applied
from notifications.reach import open_to, reachable
from notifications.time_to_act import time_to_act
from notifications.timing import lawful_moment, local_day

logger = logging.getLogger(__name__)
BATCH: Final = 500
TOLD_ELSEWHERE: Final = "told in another way"
AFTER_A_FAULT: Final = timedelta(minutes=10)
Ways = Mapping[str, ContactPoint]


@dataclass(slots=True)
class Writes:
    """What one batch of ladders decided, written as sets at its end."""

    waits: list[tuple[int, datetime]] = field(default_factory=list)
    faults: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    climbs: list[Delivery] = field(default_factory=list)
    tasks: list[AgentTask] = field(default_factory=list)
    escalated: list[tuple[int, str]] = field(default_factory=list)
    given_up: list[tuple[int, str]] = field(default_factory=list)
    rungs: list[tuple[int, int, datetime]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


def climb(clock: Clock) -> int:
    """Look at up to `BATCH` prompts whose ladder is due; returns how many were looked at. Workers do not collide."""
    with transaction.atomic():
        prompts = list(
            Prompt.objects.to_climb(clock.now)
            .select_related("borrower", "installment__loan", "payment__loan", "dispute__loan")
            .order_by("look_again_at")
            .select_for_update(skip_locked=True, of=("self",), no_key=True)[:BATCH]
        )
        if not prompts:
            return 0
        found = look([prompt.pk for prompt in prompts], now=clock.now)
        if found.over:
            cancel(Prompt.objects.bundles(found.over), reason=NOT_NEEDED, now=clock.now)
        put_off(found.held, clock)
        free = [prompt for prompt in prompts if prompt.pk not in found.over | found.held]
        unread = wait_until_applied(held_unread(free), clock)
        free = [prompt for prompt in free if prompt.pk not in unread]
        free = _not_handed_on(free, clock)
        off = _off_their_day(free, clock)
        free = [prompt for prompt in free if prompt.pk not in off]
        ways = _ways(free)
        halted = wait_for_lift(halted_everywhere(free, ways), clock)
        _climb([prompt for prompt in free if prompt.pk not in halted], ways, clock)
    return len(prompts)


def _not_handed_on(prompts: Sequence[Prompt], clock: Clock) -> list[Prompt]:
    """Those left when news that wait have handed the message of others on."""
    news = {prompt.installment_id for prompt in prompts if prompt.kind in NEWS and prompt.installment_id}
    waiting = hand_on(news, clock, held=[prompt.pk for prompt in prompts]) if news else set()
    return [prompt for prompt in prompts if prompt.pk not in waiting]


def _off_their_day(prompts: Sequence[Prompt], clock: Clock) -> set[int]:
    """End those that time has passed by, as a later stage would end them, and let those wait of which nothing is late
    yet; returns which.
    """
    asked = [prompt.pk for prompt in prompts if _may_be_off_its_day(prompt, clock.now)]
    ended, early = off_their_day(asked, now=clock.now)
    for reason in set(ended.values()):
        leading = [pk for pk, why in ended.items() if why == reason]
        ids = Prompt.objects.bundles(leading).values_list("pk", flat=True)
        end_overtaken(list(ids), now=clock.now, reason=reason)
    owners = [(prompt.pk, prompt.borrower) for prompt in prompts if prompt.pk in early]
    put_off_until({pk: lawful_when_late(early[pk], one.jurisdiction, one.zone, clock) for pk, one in owners})
    return ended.keys() | early.keys()


def _may_be_off_its_day(prompt: Prompt, now: datetime) -> bool:
    """Also where another of the installments that its message names has to say it."""
    row = prompt.installment
    if row is None or prompt.kind not in STAGED:
        return False
    changed = (row.version, row.state) != (prompt.version, row.State.OPEN) or prompt.voided_at is not None
    return changed or may_be_off_its_day(prompt.kind, prompt.stage, row.due_on, local_day(now, prompt.borrower.zone))


def _ways(prompts: Sequence[Prompt]) -> dict[int, Ways]:
    """By prompt, what of its ladder is open to it."""
    found = reachable({prompt.borrower_id for prompt in prompts})
    ways: dict[int, Ways] = {}
    for prompt in prompts:
        channels = {rung.channel for rung in ladder.ladder_of(prompt.kind).rungs}
        open_ways = open_to(found[prompt.borrower_id], prompt)
        ways[prompt.pk] = {channel: point for channel, point in open_ways.items() if channel in channels}
    return ways


def _climb(prompts: Sequence[Prompt], ways: Mapping[int, Ways], clock: Clock) -> None:
    tellings, places = _tellings(prompts), _places({prompt.borrower_id for prompt in prompts})
    writes = Writes()
    for prompt in prompts:
        open_ways = ways[prompt.pk]
        told = tellings.get(prompt.pk, [])
        try:
            course = _course(prompt, open_ways, places.get(prompt.borrower_id), clock)
            decision = ladder.decide(course, rung=prompt.rung, tellings=told, now=clock.now)
            _note(writes, prompt, decision, course, open_ways, clock)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            # The oldest row of the queue: were it left so, nobody's ladder would climb any more.
            logger.exception("the ladder of prompt %s could not be looked at", prompt.pk)
            writes.faults.append(prompt.pk)
    _write(writes, clock)


def _course(prompt: Prompt, open_ways: Ways, places: Mapping[str, int] | None, clock: Clock) -> ladder.Course:
    return ladder.Course.of(
        ladder.ladder_of(prompt.kind),
        open_to=open_ways,
        places=places,
        deadline=prompt.deadline,
        pace=clock.pace,
        last_call=_last_call(prompt, clock),
    )


def _last_call(prompt: Prompt, clock: Clock) -> datetime | None:
    """The last of the contact hours in which it can still be told in time; None where no day bounds it."""
    if (latest := prompt.latest) is None:
        return None
    zone = prompt.borrower.zone
    return clock.hours_for(prompt.borrower.jurisdiction, prompt.kind, zone)[0].last_open(latest, zone)


def _tellings(prompts: Sequence[Prompt]) -> dict[int, list[ladder.Telling]]:
    found: dict[int, list[ladder.Telling]] = {}
    rows = Delivery.objects.filter(prompt__in=prompts)
    for prompt_id, channel, status, rung, sent_at, next_attempt_at, reason in rows.values_list(
        "prompt_id", "channel", "status", "rung", "sent_at", "next_attempt_at", "reason"
    ):
        capped = status == Delivery.Status.RETRYING and is_capped(reason)
        telling = ladder.Telling(channel, status, rung, sent_at or next_attempt_at, capped)
        found.setdefault(prompt_id, []).append(telling)
    return found


def _places(borrower_ids: set[int]) -> dict[int, dict[str, int]]:
    """The places that these people gave their channels."""
    found: dict[int, dict[str, int]] = {}
    rows = Preference.objects.filter(user__in=borrower_ids, place__isnull=False)
    for user_id, channel, place in rows.values_list("user_id", "channel", "place"):
        found.setdefault(user_id, {})[channel] = place or ladder.UNCHOSEN
    return found


def _note(
    writes: Writes, prompt: Prompt, decision: ladder.Decision, course: ladder.Course, ways: Ways, clock: Clock
) -> None:
    match decision:
        case ladder.Wait(until):
            writes.waits.append((prompt.pk, until))
        case ladder.Told():
            writes.told.append(prompt.pk)
        case ladder.Climb(rung, why):
            _note_climb(writes, prompt, rung, why, course, ways, clock)
        case ladder.InPortal(why):
            writes.given_up.append((prompt.pk, f"{why}; the message waits in the portal"))
            writes.facts.append(about(prompt, NoticeEvent.Kind.CANCELLED, why=why))
        case ladder.Unreached(why):
            _note_unreached(writes, prompt, why, clock)


def _note_climb(
    writes: Writes, prompt: Prompt, rung: int, why: str, course: ladder.Course, ways: Ways, clock: Clock
) -> None:
    step = course.ladder.rungs[rung]
    point = ways[step.channel]
    zone, now = prompt.borrower.zone, clock.now
    hours, rule = clock.hours_for(prompt.borrower.jurisdiction, prompt.kind, zone)
    moment = lawful_moment(now, now=now, zone=zone, hours=hours, latest=prompt.latest).at
    patience = course.patience(rung, moment)
    writes.climbs.append(
        Delivery(
            prompt=prompt,
            channel=step.channel,
            contact_point=point,
            address=point.address,
            rung=rung,
            next_attempt_at=moment,
            held_by=rule if moment > now else "",
        )
    )
    writes.rungs.append((prompt.pk, rung, patience))
    writes.facts.append(about(prompt, NoticeEvent.Kind.MOVED, channel=step.channel, why=why))


def _note_unreached(writes: Writes, prompt: Prompt, why: str, clock: Clock) -> None:
    writes.tasks.append(
        AgentTask(
            prompt=prompt,
            kind=AgentTask.Kind.UNREACHABLE,
            borrower=prompt.borrower,
            reason=why,
            act_by=time_to_act(prompt, clock),
            created_at=clock.now,
        )
    )
    writes.escalated.append((prompt.pk, why))
    writes.facts.append(about(prompt, NoticeEvent.Kind.ESCALATED, why=why))


def _write(writes: Writes, clock: Clock) -> None:
    _look_again([(pk, None, until) for pk, until in writes.waits] + [*writes.rungs])
    if writes.faults:
        later = clock.now + AFTER_A_FAULT
        Prompt.objects.live().filter(pk__in=writes.faults).update(reason=ladder.FAULTY, look_again_at=later)
    Delivery.objects.bulk_create(writes.climbs, ignore_conflicts=True, batch_size=BATCH)
    AgentTask.objects.bulk_create(writes.tasks, ignore_conflicts=True, batch_size=BATCH)
    if writes.told:
        end_told(writes.told, now=clock.now)
        cancel_waiting(writes.told, reason=TOLD_ELSEWHERE, now=clock.now)
    _end([(pk, Prompt.Status.ESCALATED, why) for pk, why in writes.escalated])
    _end([(pk, Prompt.Status.CANCELLED, why) for pk, why in writes.given_up])
    # A halt, or a provider that fails, may hold what has had its time: nobody claims it any more.
    cancel_unsent([pk for pk, _why in writes.given_up], reason=ladder.NO_CHANNEL_LEFT, now=clock.now)
    record_all(writes.facts, at=clock.now)
    tell_unreached(writes.tasks, at=clock.now)


def _look_again(rows: Sequence[tuple[int, int | None, datetime]]) -> None:
    """Each is a prompt, the rung that it stands on now (None: the same), and when its ladder looks again."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE notifications_prompt AS prompt
            SET rung = COALESCE(row.rung, prompt.rung), look_again_at = row.look_again_at, reason = ''
            FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[]) AS row (id, rung, look_again_at)
            WHERE prompt.id = row.id AND prompt.status = 'active'
            """,
            [list(column) for column in zip(*rows, strict=True)],
        )


def _end(rows: Sequence[tuple[int, Prompt.Status, str]]) -> None:
    """What a ladder comes to holds for the companions of its prompt, too."""
    by_outcome: dict[tuple[Prompt.Status, str], list[int]] = {}
    for pk, status, reason in rows:
        by_outcome.setdefault((status, reason), []).append(pk)
    for (status, reason), ids in by_outcome.items():
        Prompt.objects.live().bundles(ids).update(status=status, reason=reason)
