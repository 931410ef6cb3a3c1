"""What providers say about deliveries: kept raw and answered at once, read later in sets, and then let move them.

A receipt is kept even when it moves nothing: they come twice, late, out of order and before our own write.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from django.db import transaction
from django.utils import timezone

from notifications.channels.aliyun_reports import parse_reports
from notifications.channels.base import ReceiptKind, ReceiptRecord
from notifications.channels.delivery_reports import parse_delivery_report
from notifications.channels.esp_reports import parse_events
from notifications.channels.kannel_reports import parse_dlr
from notifications.channels.registry import PROVIDERS
from notifications.channels.twilio_reports import parse_status
from notifications.channels.voice_reports import parse_call
from notifications.channels.web_push_reports import parse_report
from notifications.events import Fact, record_all
from notifications.models import Callback, Delivery, NoticeEvent, Receipt
from notifications.signatures import delivery_id_of
from notifications.states import Status, Step, advance

logger = logging.getLogger(__name__)

BATCH: Final = 200
"""Callbacks that are read together; each may hold many receipts."""

Parser = Callable[[bytes], list[ReceiptRecord]]


def _parse_kannel(raw: bytes) -> list[ReceiptRecord]:
    query: Mapping[str, str] = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    return [parse_dlr(query)]


PARSERS: Final[dict[str, Parser]] = {
    "smtp": parse_delivery_report,
    "anymail": parse_events,
    "kannel": _parse_kannel,
    "twilio": parse_status,
    "aliyun": parse_reports,
    "twilio_voice": parse_call,
    "webpush": parse_report,
}
"""By provider; each reads what its webhook, or the bounce listener, keeps."""

SIFTED: Final = frozenset({"smtp"})
"""Where people write to the same address: what holds no receipt is not kept."""

_TARGET: Final = {
    ReceiptKind.ACCEPTED: Status.SENT,
    ReceiptKind.DELIVERED: Status.DELIVERED,
    ReceiptKind.FAILED: Status.FAILED,
}
"""The state that a receipt asks for; one of another kind is kept and moves nothing."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One receipt of one callback, and the delivery that it is about, if we made its reference."""

    callback: Callback
    channel: Delivery.Channel
    record: ReceiptRecord
    delivery_id: int | None


def store(*, provider: str, raw: bytes, now: datetime | None = None) -> bool:
    """Keep one authenticated message of a provider; False where it held no receipt and was not kept.

    Where this raises, the provider has to send it again.
    """
    parse = PARSERS[provider]
    if provider in SIFTED and not parse(raw):
        return False
    Callback.keep(provider, raw, now or timezone.now())
    return True


def apply_waiting(*, now: datetime, limit: int = BATCH) -> int:
    """Read up to `limit` waiting callbacks and let them move their deliveries; returns how many were read.

    Any number of workers may do so at once. What cannot be read is a receipt of kind UNKNOWN.
    """
    with transaction.atomic():
        callbacks = list(
            Callback.objects.waiting().filter(provider__in=PARSERS).select_for_update(skip_locked=True)[:limit]
        )
        heard = [one for callback in callbacks for one in _read(callback)]
        known = set(
            Delivery.objects.filter(pk__in={one.delivery_id for one in heard if one.delivery_id}).values_list(
                "pk", "channel"
            )
        )
        heard = [one if (one.delivery_id, one.channel) in known else _astray(one) for one in heard]
        _write(heard, _apply(heard, now), now)
        Callback.objects.filter(pk__in=[callback.pk for callback in callbacks]).update(applied_at=now)
    return len(callbacks)


def _read(callback: Callback) -> Iterable[_Heard]:
    channel = Delivery.Channel(PROVIDERS[callback.provider].channel)
    try:
        records = PARSERS[callback.provider](bytes(callback.raw))
    except Exception:  # one message that nobody foresaw must not keep all later ones waiting
        logger.exception("callback %s of %s could not be read", callback.pk, callback.provider)
        records = [ReceiptRecord(reference="", kind=ReceiptKind.UNKNOWN, reason="could not be read")]
    for record in records:
        yield _Heard(callback, channel, record, delivery_id_of(record.reference))


def _astray(heard: _Heard) -> _Heard:
    return _Heard(heard.callback, heard.channel, heard.record, None)


def _apply(heard: Sequence[_Heard], now: datetime) -> set[int]:
    """Move the deliveries; returns the places in `heard` of what moved one. Several about one are taken in turn."""
    moved: set[int] = set()
    for turn in _turns(heard):
        steps = {place: _step(heard[place]) for place in turn}
        arrived = {move.delivery_id for move in advance(list(steps.values()), now=now)}
        moved |= {place for place, step in steps.items() if step.delivery_id in arrived}
    _record_conflicts([one for place, one in enumerate(heard) if place not in moved], now)
    return moved


def _turns(heard: Sequence[_Heard]) -> list[list[int]]:
    """The places of those that ask for a state, so divided that each turn names a delivery once."""
    turns: list[list[int]] = []
    count: dict[int, int] = {}
    for place, one in enumerate(heard):
        if one.delivery_id is None or one.record.kind not in _TARGET:
            continue
        turn = count.get(one.delivery_id, 0)
        count[one.delivery_id] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(place)
    return turns


def _step(heard: _Heard) -> Step:
    record, target = heard.record, _TARGET[heard.record.kind]
    return Step(
        delivery_id=heard.delivery_id or 0,
        to=target,
        reason=record.reason if target == Status.FAILED else "",
        provider_reference=record.provider_reference,
        address_is_bad=bool(record.permanent),
    )


def _record_conflicts(unmoved: Sequence[_Heard], now: datetime) -> None:
    """A "failed" after "delivered" leaves the delivery as it is and is on record as a conflict."""
    failed = {one.delivery_id: one for one in unmoved if one.record.kind is ReceiptKind.FAILED and one.delivery_id}
    if not failed:
        return
    delivered = Delivery.objects.filter(pk__in=failed, status=Status.DELIVERED).values_list(
        "pk", "channel", "prompt_id", "prompt__borrower_id", "prompt__installment_id"
    )
    record_all(
        [
            Fact(
                kind=NoticeEvent.Kind.CONFLICT,
                borrower_id=borrower_id,
                installment_id=installment_id,
                prompt_id=prompt_id,
                delivery_id=pk,
                data={"channel": channel, "reason": failed[pk].record.reason},
            )
            for pk, channel, prompt_id, borrower_id, installment_id in delivered
        ],
        at=now,
    )


def _write(heard: Sequence[_Heard], moved: set[int], now: datetime) -> None:
    Receipt.objects.bulk_create(
        [
            Receipt(
                delivery_id=one.delivery_id,
                callback=one.callback,
                channel=one.channel,
                provider=one.callback.provider,
                kind=one.record.kind.value,
                provider_word=one.record.provider_word[:64],
                provider_reference=one.record.provider_reference[:120],
                reason=one.record.reason[:200],
                moved=place in moved,
                occurred_at=one.record.occurred_at,
                received_at=one.callback.received_at,
            )
            for place, one in enumerate(heard)
        ],
        batch_size=1000,
    )
