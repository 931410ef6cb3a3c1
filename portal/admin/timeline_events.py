"""Lines of the record itself: the events that no other line tells, or on request all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.law_words import change_words
from notifications.models import Delivery, FirmTelling, NoticeEvent, Prompt
from notifications.number_replaced import ANOTHERS, THEIRS
from portal.admin.cells import day_of
from portal.admin.line import Line, Teller
from portal.admin.reasons import reason_words
from portal.admin.timeline_rows import Row
from portal.admin.timeline_told import about, subjects

Kind = NoticeEvent.Kind

_TONES: Final = {
    Kind.DELIVERED: "good",
    Kind.ACKNOWLEDGED: "good",
    Kind.FAILED: "danger",
    Kind.CONFLICT: "danger",
    Kind.RETRYING: "warn",
    Kind.UNCONFIRMED: "warn",
    Kind.ESCALATED: "warn",
    Kind.TRIED: "warn",
    Kind.FIRM_FAILED: "warn",
    Kind.PASSED_ON: "warn",
    Kind.TAKEN_OVER: "warn",
}
_OF_THE_BORROWER: Final = (Kind.SEEN, Kind.ACKNOWLEDGED, Kind.PREFERENCE, Kind.WROTE)
_CHANNELS: Final = dict(FirmTelling.Channel.choices) | dict(Delivery.Channel.choices)
_PROOFS: Final = dict(FirmTelling.Proof.choices)


@dataclass(frozen=True, slots=True)
class Told:
    """An event with what its plain numbers stand for."""

    event: NoticeEvent
    prompt: Prompt | None
    agent: User | None


def _events(ids: set[int]) -> Mapping[int, Told]:
    events = NoticeEvent.objects.select_related("borrower").in_bulk(ids)
    prompts = Prompt.objects.select_related(*subjects()).in_bulk({event.prompt_id for event in events.values()})
    agents = User.objects.in_bulk({event.actor_id for event in events.values()})
    return {
        pk: Told(event, prompts.get(event.prompt_id or 0), agents.get(event.actor_id or 0))
        for pk, event in events.items()
    }


def _event(told: Told, at: datetime) -> Line:
    event = told.event
    words = (reason_words(str(event.data[key])) for key in ("why", "reason", "outcome") if event.data.get(key))
    law = [change_words(event.data)] if event.kind == Kind.LAW else []
    return Line(
        kind="event",
        at=at,
        what=event.get_kind_display(),
        about=about(told.prompt) if told.prompt else "",
        channel=str(_CHANNELS.get(event.data.get("channel", ""), "")),
        proof=_("seen (weak)") if event.kind == Kind.SEEN else "",
        tone=_TONES.get(Kind(event.kind), ""),
        by=_by(told),
        why=" · ".join([*_skipped(told), *law, *words, *_switched(event.data), *_task(event.data), *_firm(event.data)]),
        href=reverse("admin:notifications_noticeevent_change", args=[event.pk]),
        link=_("event #%d") % event.pk,
    )


def _by(told: Told) -> str:
    if told.agent:
        return str(told.agent)
    if told.event.kind in _OF_THE_BORROWER and told.event.data.get("why") not in (ANOTHERS, THEIRS):
        return str(told.event.borrower)
    return _("the system")


def _skipped(told: Told) -> Iterator[str]:
    """The stage that time has passed by: of the prompt, or one that no prompt was ever planned for."""
    data = told.event.data
    if told.event.kind == Kind.SKIPPED and isinstance(data.get("stage"), int):
        yield day_of(data.get("kind") or (told.prompt.kind if told.prompt else ""), data["stage"])


def _switched(data: dict[str, Any]) -> list[str]:
    if "enabled" not in data:
        return []
    return [_("switched on") if data["enabled"] else _("switched off")]


def _task(data: dict[str, Any]) -> list[str]:
    return [_("task #%d") % data["task"]] if data.get("task") else []


def _firm(data: dict[str, Any]) -> list[str]:
    """The code of the firm that told or had to, and what it knows of the arrival."""
    proof = _PROOFS.get(data.get("proof", ""), "")
    return [": ".join(filter(None, [data["firm"], str(proof)]))] if data.get("firm") else []


TELLERS: Final[dict[Row, Teller]] = {Row.EVENT: Teller(_events, _event)}
