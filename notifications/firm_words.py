"""What a firm's word does: it ends the prompts that the firm has to send, as told by that firm, if the portal has not.

A word that something was sent is no proof that it arrived. Where no later stage can make that good it is noted and
changes nothing else: unless the firm says in time that it arrived, the portal sends, too. Where it says that it reached
nobody, the portal sends at once, also where it had said otherwise before.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from django.db import connection
from django.db.models import prefetch_related_objects

from notifications import duty_statements, handing_back
from notifications.events import Fact, record_all
from notifications.firm_told import end_told_by_firm, take_back
from notifications.models import Delivery, Duty, FirmTelling, NoticeEvent, Prompt

BATCH: Final = 2000
"""Words that are looked at together: read as objects, a day of a large firm would not fit."""
# A word that is being kept and a duty that is being planned do not see each other, and nothing would look again: one
# waits for the commit of the other. Words do not wait for words.
_WHILE_KEPT: Final = "SELECT pg_advisory_xact_lock_shared(hashtext('notifications.hearing'), 0)"
_WHILE_PLANNED: Final = "SELECT pg_advisory_xact_lock(hashtext('notifications.hearing'), 0)"
_AGAIN: Final = Delivery.Status.RETRYING
"""Put off, or tried and not taken, as far as anybody knows."""
_UNSENT: Final = (Delivery.Status.QUEUED, _AGAIN, Delivery.Status.CANCELLED)


class Effect(Enum):
    """What became of a firm's word."""

    COUNTED = "counted"
    IN_TIME = "in_time"
    NOT_ENOUGH = "not_enough"
    HANDED_BACK = "handed_back"
    TAKEN_BACK = "taken_back"
    KNOWN = "known"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Match:
    """A word and the duty that it speaks of."""

    telling_id: int
    duty_id: int


def await_planned() -> None:
    """Wait for who is planning duties; who comes next waits for this transaction. Run it before a word is kept."""
    with connection.cursor() as cursor:
        cursor.execute(_WHILE_KEPT)


def await_words() -> None:
    """Wait for words that are being kept; who comes next waits for this transaction. Run it before any prompt is
    locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WHILE_PLANNED)


def told_by_words(prompt_ids: Collection[int]) -> set[int]:
    """Of these prompts, which firms had to send, those that a firm has told, also where they were taken back before
    it said so; where no later stage can make good that it never arrived, by a word that it did. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.HAS_TOLD, {"prompts": list(prompt_ids)})
        return {row[0] for row in cursor.fetchall()}


def hear(telling_ids: Sequence[int], *, now: datetime) -> dict[int, Effect]:
    """Let these words count; those that speak of no planned prompt have no effect yet. Run it in a transaction."""
    parameters = {"tellings": list(telling_ids)}
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.TAKEN_BACK_ALREADY, parameters)
        known = {row[0]: Effect.KNOWN for row in cursor.fetchall()}
    matches = _matches(duty_statements.TOLD, parameters)
    return known | _follow([match for match in matches if match.telling_id not in known], now)


def hear_earlier(*, now: datetime) -> None:
    """Let count what firms said before what has just been planned (`planning_duty`) was. Run it once its duties are
    written and before any prompt of before is locked: who is keeping a word may be at it, and is waited for.
    """
    await_words()
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
    """Duties are locked first, with those of what is told together, since a word may change who leads; then prompts,
    then deliveries, each in the order of the ids.
    """
    if not matches:
        return {}
    tellings = FirmTelling.objects.select_related("partner", "report").in_bulk({m.telling_id for m in matches})
    duties = _lock_duties(handing_back.beside({match.duty_id for match in matches}))
    prompts = _lock_prompts([duty.prompt_id for duty in duties.values()])
    gone = _gone_out(prompts.values())
    heard = [(duties[match.duty_id], tellings[match.telling_id]) for match in matches]
    effects = {telling.pk: _judge(duty, prompts.get(duty.prompt_id), telling, gone) for duty, telling in heard}
    noted = {Effect.COUNTED, Effect.IN_TIME, Effect.NOT_ENOUGH, Effect.HANDED_BACK}
    _write([(duty, telling) for duty, telling in heard if effects[telling.pk] in noted], prompts, gone, now)
    taken_back = [(duty, telling) for duty, telling in heard if effects[telling.pk] == Effect.TAKEN_BACK]
    record_all((_fact(prompts[duty.prompt_id], telling, counts=False) for duty, telling in taken_back), at=now)
    take_back(taken_back, prompts, now=now)
    handing_back.send_now({duty.pk for duty, telling in heard if effects[telling.pk] == Effect.HANDED_BACK}, now)
    known = [(duty, telling) for duty, telling in heard if effects[telling.pk] == Effect.KNOWN]
    return effects | _strengthen(known, now)


def _lock_duties(duty_ids: Collection[int]) -> dict[int, Duty]:
    """Each with the word that met it, as it is once it is locked."""
    rows = Duty.objects.filter(pk__in=duty_ids).order_by("pk").select_for_update(of=("self",), no_key=True)
    duties = {duty.pk: duty for duty in rows}
    prefetch_related_objects([duty for duty in duties.values() if duty.status == Duty.Status.MET], "telling")
    return duties


def _strengthen(known: Sequence[tuple[Duty, FirmTelling]], now: datetime) -> dict[int, Effect]:
    """What a firm had said was sent, it now says arrived."""
    late = [(duty, telling) for duty, telling in known if telling.proves_arrival]
    if not late:
        return {}
    parameters = {"duties": [duty.pk for duty, _telling in late], "tellings": [telling.pk for _duty, telling in late]}
    with connection.cursor() as cursor:
        cursor.execute(duty_statements.STRENGTHEN, parameters)
        stronger = dict(cursor.fetchall())
    prompts, tellings = Prompt.objects.in_bulk(stronger.values()), {telling.pk: telling for _duty, telling in late}
    record_all((_fact(prompts[prompt_id], tellings[pk], counts=True) for pk, prompt_id in stronger.items()), at=now)
    return dict.fromkeys(stronger, Effect.COUNTED)


def _judge(duty: Duty, prompt: Prompt | None, telling: FirmTelling, gone: Collection[int]) -> Effect:
    """What this word does; the duty and its prompt, where that is live or told by a firm, are locked."""
    if duty.status == Duty.Status.MET:
        return Effect.TAKEN_BACK if prompt and _takes_back(telling, duty, prompt) else Effect.KNOWN
    if prompt is None or prompt.status != Prompt.Status.ACTIVE:
        return Effect.TOO_LATE
    if _leads(prompt) in gone:
        return Effect.IN_TIME if _came_in_time(duty, telling) else Effect.TOO_LATE
    if duty.status not in Duty.OPEN:
        # The firm's time is over, or it was let off, and nothing has gone out: it is halted, held or put off.
        counts = _is_met(duty, telling)
        return Effect.COUNTED if counts else Effect.TOO_LATE
    if telling.failed:
        turn = duty.responsible_id if duty.status == Duty.Status.WAITING else duty.backup_id
        return Effect.HANDED_BACK if telling.partner_id == turn else Effect.KNOWN
    return Effect.COUNTED if _is_met(duty, telling) else Effect.NOT_ENOUGH


def _came_in_time(duty: Duty, telling: FirmTelling) -> bool:
    """Whether it had come before the firm's time was over, and lay unapplied while the portal sent: the firm's turn is
    as it told us, and the message stays out.
    """
    if duty.status not in Duty.OPEN:
        return False
    ends = duty.report_by if telling.partner_id == duty.responsible_id else duty.portal_at
    return telling.report.received_at <= ends


def _leads(prompt: Prompt) -> int:
    return prompt.told_with_id or prompt.pk


def _takes_back(telling: FirmTelling, duty: Duty, prompt: Prompt) -> bool:
    """Whether the firm says later of what it had told that it reached nobody, where no later stage makes that good, or
    where it had said that it arrived.
    """
    row, met_by = prompt.installment, duty.telling
    if row is None or met_by is None or prompt.status != Prompt.Status.FIRM_TOLD:
        return False
    if not duty.needs_proof and not met_by.proves_arrival:
        return False
    return row.state == row.State.OPEN and row.version == prompt.version and telling.takes_back(met_by)


def _lock_prompts(prompt_ids: Sequence[int]) -> dict[int, Prompt]:
    """Those that are still to be told or that a firm has told, with all that are told with them; by their ids. What of
    a message is void is locked as well: it goes where the others go.
    """
    leading = Prompt.objects.filter(pk__in=prompt_ids).values_list("pk", "told_with_id")
    bundles = Prompt.objects.bundles({leads or pk for pk, leads in leading} | set(prompt_ids))
    locked = bundles.order_by("pk").select_for_update(of=("self",), no_key=True)
    stands = {Prompt.Status.ACTIVE, Prompt.Status.FIRM_TOLD}
    rows = locked.select_related("installment", "borrower")
    return {prompt.pk: prompt for prompt in rows if prompt.voided_at is None and prompt.status in stands}


def _gone_out(prompts: Collection[Prompt]) -> set[int]:
    """Those whose message the portal has begun to send, taken by a provider or not. What lies in the portal alone is no
    message.
    """
    leading = {prompt.told_with_id or prompt.pk for prompt in prompts}
    rows = Delivery.objects.filter(prompt__in=leading).exclude(channel=Delivery.Channel.IN_APP).order_by("pk")
    locked = rows.select_for_update(of=("self",), no_key=True).values_list("prompt_id", "status", "attempts")
    return {
        prompt_id for prompt_id, status, attempts in locked if status not in _UNSENT or (status == _AGAIN and attempts)
    }


def _write(
    heard: Sequence[tuple[Duty, FirmTelling]], prompts: Mapping[int, Prompt], gone: Collection[int], now: datetime
) -> None:
    """What has `gone` out is told by the portal, whatever the firm told besides."""
    met = [duty for duty, telling in heard if _is_met(duty, telling) and _leads(prompts[duty.prompt_id]) not in gone]
    _note([(duty, telling, prompts[duty.prompt_id]) for duty, telling in heard])
    facts = (_fact(prompts[duty.prompt_id], telling, counts=_is_met(duty, telling)) for duty, telling in heard)
    record_all(facts, at=now)
    if met:
        end_told_by_firm({_leads(prompts[duty.prompt_id]) for duty in met}, now=now)


def _is_met(duty: Duty, telling: FirmTelling) -> bool:
    return not telling.failed and (telling.proves_arrival or not duty.needs_proof)


def _note(heard: Sequence[tuple[Duty, FirmTelling, Prompt]]) -> None:
    """Each is a locked duty, the word about it, and its prompt. What meets one did so when it came: what lay unapplied
    for an hour was not reported an hour later.
    """
    if heard:
        rows = (
            (duty.pk, telling.pk, _is_met(duty, telling), max(telling.report.received_at, prompt.planned_at))
            for duty, telling, prompt in heard
        )
        with connection.cursor() as cursor:
            cursor.execute(duty_statements.NOTE, [list(column) for column in zip(*rows, strict=True)])


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
