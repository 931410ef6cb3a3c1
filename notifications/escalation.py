"""Climbs the ladders: asks `ladder` about each prompt whose time has come and writes what it decides."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts.models import ContactPoint
from notifications import calendar, ladder
from notifications.events import Fact, about, record_all
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.planning import Clock
from notifications.reach import reachable
from notifications.timing import at_local, lawful_moment

BATCH: Final = 500
PERSON_TAKES: Final = timedelta(hours=4)
"""What a person gets to act in where the due date sets no later limit."""

Ways = Mapping[str, ContactPoint]


def climb(clock: Clock) -> int:
    """Look at up to `BATCH` prompts whose ladder is due; returns how many were looked at. Workers do not collide."""
    with transaction.atomic():
        prompts = list(
            Prompt.objects.to_climb(clock.now)
            .select_related("borrower", "installment")
            .order_by("look_again_at")
            .select_for_update(skip_locked=True, of=("self",), no_key=True)[:BATCH]
        )
        tellings = _tellings(prompts)
        ways = reachable(prompt.borrower_id for prompt in prompts)
        facts: list[Fact] = []
        for prompt in prompts:
            decision = _decision(prompt, tellings.get(prompt.pk, []), clock)
            facts += _apply(prompt, decision, ways[prompt.borrower_id], clock)
        record_all(facts, at=clock.now)
    return len(prompts)


def _tellings(prompts: list[Prompt]) -> dict[int, list[ladder.Telling]]:
    found: dict[int, list[ladder.Telling]] = {}
    for row in Delivery.objects.filter(prompt__in=prompts):
        telling = ladder.Telling(row.channel, row.status, row.rung, row.sent_at or row.next_attempt_at)
        found.setdefault(row.prompt_id, []).append(telling)
    return found


def _decision(prompt: Prompt, tellings: list[ladder.Telling], clock: Clock) -> ladder.Decision:
    return ladder.decide(
        ladder.LADDERS[prompt.kind],
        rung=prompt.rung,
        tellings=tellings,
        now=clock.now,
        deadline=_deadline(prompt),
        pace=clock.pace,
    )


def _deadline(prompt: Prompt) -> datetime | None:
    if prompt.kind != Prompt.Kind.UPCOMING or prompt.installment is None:
        return None
    return calendar.deadline(prompt.installment.due_on, prompt.stage, prompt.borrower.zone, prompt.tell_at)


def _apply(prompt: Prompt, decision: ladder.Decision, ways: Ways, clock: Clock) -> list[Fact]:
    match decision:
        case ladder.Wait(until):
            _change(prompt, look_again_at=until)
            return []
        case ladder.Told():
            _change(prompt, status=Prompt.Status.TOLD)
            return []
        case ladder.Climb(rung, why):
            return _climb_to(prompt, rung, why, ways, clock)
        case ladder.Unreached(why):
            return _hand_over(prompt, why, clock)


def _climb_to(prompt: Prompt, rung: int, why: str, ways: Ways, clock: Clock) -> list[Fact]:
    """Tell it on the first rung from `rung` on that is open; above the last one the ladder looks again at once."""
    rungs = ladder.LADDERS[prompt.kind].rungs
    place = next((place for place in range(rung, len(rungs)) if rungs[place].channel in ways), len(rungs))
    if place == len(rungs):
        _change(prompt, rung=place, look_again_at=clock.now)
        return []
    step = rungs[place]
    point = ways[step.channel]
    zone, now = prompt.borrower.zone, clock.now
    moment = lawful_moment(now, now=now, zone=zone, hours=clock.hours, latest=_deadline(prompt)).at
    _telling, new = Delivery.objects.get_or_create(
        prompt=prompt,
        channel=step.channel,
        ordinal=0,
        defaults={"contact_point": point, "address": point.address, "rung": place, "next_attempt_at": moment},
    )
    _change(prompt, rung=place, look_again_at=moment + step.wait * clock.pace)
    return [about(prompt, NoticeEvent.Kind.MOVED, channel=step.channel, why=why)] if new else []


def _hand_over(prompt: Prompt, why: str, clock: Clock) -> list[Fact]:
    if not ladder.LADDERS[prompt.kind].ends_with_person:
        _change(prompt, status=Prompt.Status.CANCELLED, reason=f"{why}; the message waits in the portal")
        return [about(prompt, NoticeEvent.Kind.CANCELLED, why=why)]
    AgentTask.objects.get_or_create(
        prompt=prompt,
        kind=AgentTask.Kind.UNREACHABLE,
        defaults={
            "borrower": prompt.borrower,
            "reason": why,
            "act_by": _act_by(prompt, clock),
            "created_at": clock.now,
        },
    )
    _change(prompt, status=Prompt.Status.ESCALATED, reason=why)
    return [about(prompt, NoticeEvent.Kind.ESCALATED, why=why)]


def _act_by(prompt: Prompt, clock: Clock) -> datetime:
    """The close of contact hours on the day before the due date, or on the due day where it is that late."""
    soonest = clock.now + PERSON_TAKES
    if prompt.kind != Prompt.Kind.UPCOMING or prompt.installment is None:
        return soonest
    zone, due_on = prompt.borrower.zone, prompt.installment.due_on
    eve, due_day = (at_local(due_on - timedelta(days=back), clock.hours.closes, zone) for back in (1, 0))
    return eve if eve >= soonest else due_day


def _change(prompt: Prompt, **columns: object) -> None:
    Prompt.objects.live().filter(pk=prompt.pk).update(**columns)
