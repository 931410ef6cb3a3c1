"""What a firm's word does: it ends the prompts that the firm has to send, as told by that firm, if the portal has not.

A word that something was sent is no proof that it arrived. Where no later stage can make that good it is noted and
changes nothing else: unless the firm says in time that it arrived, the portal sends, too. Where it says that it reached
nobody, the portal sends at once.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from notifications import duty_statements, handing_back
from notifications.cancellation import cancel_unsent
from notifications.events import Fact, record_all
from notifications.models import Delivery, Duty, FirmTelling, NoticeEvent, Prompt

REASON: Final = "told by a firm"
BATCH: Final = 2000
"""Words that are looked at together: read as objects, a day of a large firm would not fit."""
_PAST_THE_DUE_DAY: Final = timedelta(days=2)
"""After midnight UTC of the due date: over in every zone."""
# A word that is being kept and a duty that is being planned do not see each other, and nothing would look again: one
# waits for the commit of the other. Words do not wait for words.
_WHILE_KEPT: Final = "SELECT pg_advisory_xact_lock_shared(hashtext('notifications.hearing'), 0)"
_WHILE_PLANNED: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.hearing'), 0)"
_UNSENT: Final = (Delivery.Status.QUEUED, Delivery.Status.RETRYING, Delivery.Status.CANCELLED)


class Effect(Enum):
    """What became of a firm's word."""

    COUNTED = "counted"
    NOT_ENOUGH = "not_enough"
    HANDED_BACK = "handed_back"
    KNOWN = "known"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Match:
    """A word and the duty that it speaks of, as the two stand now."""

    telling_id: int
    duty_id: int
    status: str


def await_planned() -> None:
    """Wait for who is planning duties; who comes next waits for this transaction. Run it before a word is kept."""
    with connection.cursor() as cursor:
        cursor.execute(_WHILE_KEPT)


def hear(telling_ids: Sequence[int], *, now: datetime) -> dict[int, Effect]:
    """Let these words count; those that speak of no planned prompt have no effect yet. Run it in a transaction."""
    return _follow(_matches(duty_statements.TOLD, {"tellings": list(telling_ids)}), now)


def hear_earlier(*, now: datetime) -> None:
    """Let count what firms said before what has just been planned (`planning_duty`) was. Run it once its duties are
    written and before any prompt of before is locked: who is keeping a word may be at it, and is waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WHILE_PLANNED)
    _follow(_matches(duty_statements.TOLD_BEFORE, {}), now)


def _matches(statement: str, parameters: dict[str, Any]) -> list[Match]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [Match(*row) for row in cursor.fetchall()]


def _follow(matches: Sequence[Match], now: datetime) -> dict[int, Effect]:
    effects: dict[int, Effect] = {}
    for first in range(0, len(matches), BATCH):
        effects |= _follow_batch(matches[first : first + BATCH], now)
    return effects


def _follow_batch(matches: Sequence[Match], now: datetime) -> dict[int, Effect]:
    """Duties are locked first, then prompts, then deliveries, each in the order of the ids."""
    tellings = FirmTelling.objects.select_related("partner", "report").in_bulk({m.telling_id for m in matches})
    together = handing_back.beside({m.duty_id for m in matches if tellings[m.telling_id].failed})
    locked = Duty.objects.waiting().filter(pk__in=together | {match.duty_id for match in matches}).order_by("pk")
    duties = {duty.pk: duty for duty in locked.select_for_update(of=("self",), no_key=True)}
    prompts = _lock_prompts([duty.prompt_id for duty in duties.values()])
    gone = _gone_out(prompts.values())
    effects: dict[int, Effect] = {}
    counted: list[tuple[Duty, FirmTelling]] = []
    for match in matches:
        duty, telling = duties.get(match.duty_id), tellings[match.telling_id]
        prompt = prompts.get(duty.prompt_id) if duty else None
        effects[telling.pk] = _judge(match, duty, prompt, telling, gone)
        if duty and effects[telling.pk] in {Effect.COUNTED, Effect.NOT_ENOUGH, Effect.HANDED_BACK}:
            counted.append((duty, telling))
    _write(counted, prompts, now)
    _hand_back([duty for duty, telling in counted if telling.failed], duties.values(), prompts, now)
    return effects | _strengthen(matches, tellings, now)


def _strengthen(matches: Sequence[Match], tellings: Mapping[int, FirmTelling], now: datetime) -> dict[int, Effect]:
    """What a firm had said was sent, it now says arrived."""
    late = [m for m in matches if m.status == Duty.Status.MET and tellings[m.telling_id].proves_arrival]
    if not late:
        return {}
    parameters = {"duties": [match.duty_id for match in late], "tellings": [match.telling_id for match in late]}
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.STRENGTHEN, parameters)
        stronger = dict(cursor.fetchall())
    prompts = Prompt.objects.in_bulk(stronger.values())
    record_all((_fact(prompts[prompt_id], tellings[pk], counts=True) for pk, prompt_id in stronger.items()), at=now)
    return dict.fromkeys(stronger, Effect.COUNTED)


def _judge(
    match: Match, duty: Duty | None, prompt: Prompt | None, telling: FirmTelling, gone: Collection[int]
) -> Effect:
    if duty is None and match.status == Duty.Status.MET:
        return Effect.KNOWN
    if duty is None or prompt is None or (prompt.told_with_id or prompt.pk) in gone:
        return Effect.TOO_LATE
    if telling.failed:
        turn = duty.responsible_id if duty.status == Duty.Status.WAITING else duty.backup_id
        return Effect.HANDED_BACK if telling.partner_id == turn else Effect.KNOWN
    return Effect.COUNTED if _is_met(duty, telling) else Effect.NOT_ENOUGH


def _hand_back(failed: Sequence[Duty], locked: Collection[Duty], prompts: Mapping[int, Prompt], now: datetime) -> None:
    """With all that is told together with these."""
    leading = {prompts[duty.prompt_id].told_with_id or duty.prompt_id for duty in failed}
    if leading:
        with_them = {pk for pk, prompt in prompts.items() if (prompt.told_with_id or pk) in leading}
        handing_back.send_now([duty for duty in locked if duty.prompt_id in with_them], leading, now)


def _lock_prompts(prompt_ids: Sequence[int]) -> dict[int, Prompt]:
    """Those that are still to be told, with all that are told with them; by their ids."""
    leading = Prompt.objects.filter(pk__in=prompt_ids).values_list("pk", "told_with_id")
    bundles = Prompt.objects.live().bundles({leads or pk for pk, leads in leading}).filter(voided_at=None)
    locked = bundles.order_by("pk").select_for_update(of=("self",), no_key=True).select_related("installment")
    return {prompt.pk: prompt for prompt in locked}


def _gone_out(prompts: Collection[Prompt]) -> set[int]:
    """Those whose message the portal has begun to send. What lies in the portal alone is no message."""
    leading = {prompt.told_with_id or prompt.pk for prompt in prompts}
    rows = Delivery.objects.filter(prompt__in=leading).exclude(channel=Delivery.Channel.IN_APP).order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True).values_list("prompt_id", "status")
    return {prompt_id for prompt_id, status in locked if status not in _UNSENT}


def _write(heard: Sequence[tuple[Duty, FirmTelling]], prompts: Mapping[int, Prompt], now: datetime) -> None:
    met = [duty for duty, telling in heard if _is_met(duty, telling)]
    _note([(duty.pk, telling.pk, _is_met(duty, telling)) for duty, telling in heard], now)
    facts = (_fact(prompts[duty.prompt_id], telling, counts=_is_met(duty, telling)) for duty, telling in heard)
    record_all(facts, at=now)
    _end_bundles({prompts[duty.prompt_id].told_with_id or duty.prompt_id for duty in met}, now)


def _is_met(duty: Duty, telling: FirmTelling) -> bool:
    return not telling.failed and (telling.proves_arrival or not duty.needs_proof)


def _note(rows: Sequence[tuple[int, int, bool]], now: datetime) -> None:
    """Each is a locked duty, the word about it, and whether that meets it."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(duty_statements.NOTE, [now, *(list(column) for column in zip(*rows, strict=True))])


def _fact(prompt: Prompt, telling: FirmTelling, *, counts: bool) -> Fact:
    return Fact(
        kind=kind_of(telling),
        borrower_id=prompt.borrower_id,
        installment_id=prompt.installment_id,
        prompt_id=prompt.pk,
        data={**said(telling), "counts": counts},
    )


def kind_of(telling: FirmTelling) -> NoticeEvent.Kind:
    return NoticeEvent.Kind.FIRM_FAILED if telling.failed else NoticeEvent.Kind.FIRM_TOLD


def said(telling: FirmTelling) -> dict[str, Any]:
    """What the record says of a firm's word, its message named as those of providers are: by number and digest."""
    return {
        "firm": telling.partner.code,
        "channel": telling.channel,
        "proof": telling.proof,
        "sent_at": telling.sent_at.isoformat(),
        "report": telling.report_id,
        "report_sha256": telling.report.digest,
        "event": telling.event_id,
    }


def _end_bundles(leading: Collection[int], now: datetime) -> None:
    """A message is not needed once a firm has told all that it would name. What the word covers: until the next stage
    where it was only sent, for good where it arrived.
    """
    live = Prompt.objects.live().filter(voided_at=None)
    unmet = live.filter(Q(pk=OuterRef("pk")) | Q(told_with=OuterRef("pk"))).exclude(duty__status=Duty.Status.MET)
    over = list(Prompt.objects.live().filter(pk__in=leading).exclude(Exists(unmet)).values_list("pk", flat=True))
    ends: dict[datetime, list[int]] = defaultdict(list)
    for prompt in live.bundles(over).select_related("duty__telling", "installment"):
        ends[_covered_until(prompt)].append(prompt.pk)
    for until, ids in ends.items():
        told = Prompt.objects.live().filter(pk__in=ids)
        told.update(status=Prompt.Status.FIRM_TOLD, reason=REASON, look_again_at=until)
    # One that is void and only carried the message for the others.
    Prompt.objects.live().filter(pk__in=over).update(status=Prompt.Status.CANCELLED, reason=REASON)
    cancel_unsent(over, reason=REASON, now=now)


def _covered_until(prompt: Prompt) -> datetime:
    duty = prompt.duty
    if duty.telling is None or prompt.installment is None or not duty.telling.proves_arrival:
        return duty.stands_until
    return datetime.combine(prompt.installment.due_on + _PAST_THE_DUE_DAY, time.min, UTC)
