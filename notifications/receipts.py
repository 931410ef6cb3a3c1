"""Stores what providers say about deliveries, then lets it move them.

A receipt is stored raw even when it moves nothing: they come twice, late, out of order and before our own write.
"""

from collections.abc import Callable, Mapping
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
from notifications.events import record as record_event
from notifications.models import Delivery, NoticeEvent, Receipt
from notifications.signatures import delivery_id_of
from notifications.states import Status, Step, advance

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
}
"""By provider; each reads what its webhook, or the bounce listener, keeps."""

_TARGET: Final = {
    ReceiptKind.ACCEPTED: Status.SENT,
    ReceiptKind.DELIVERED: Status.DELIVERED,
    ReceiptKind.FAILED: Status.FAILED,
}
"""The state that a receipt asks for; one of another kind is stored and moves nothing."""


def store(*, provider: str, raw: bytes, now: datetime | None = None) -> int:
    """Store every receipt that `raw`, from this provider, holds and apply it; returns how many there were.

    One transaction: where this raises, nothing was stored and the provider has to send again. A message that holds no
    receipt at all (an automatic reply) is not stored.
    """
    at = now or timezone.now()
    channel = PROVIDERS[provider].channel
    records = PARSERS[provider](raw)
    with transaction.atomic():
        for record in records:
            _store_one(channel, raw, record, at)
    return len(records)


def _store_one(channel: str, raw: bytes, record: ReceiptRecord, now: datetime) -> None:
    delivery = _delivery(channel, record)
    moved = _apply(delivery, record, now) if delivery else False
    Receipt.objects.create(
        delivery=delivery,
        channel=channel,
        kind=record.kind.value,
        provider_word=record.provider_word[:64],
        provider_reference=record.provider_reference[:120],
        reason=record.reason[:200],
        moved=moved,
        occurred_at=record.occurred_at,
        received_at=now,
        raw=raw,
    )


def _delivery(channel: str, record: ReceiptRecord) -> Delivery | None:
    delivery_id = delivery_id_of(record.reference)
    found = Delivery.objects.select_related("prompt")
    return found.filter(pk=delivery_id, channel=channel).first() if delivery_id is not None else None


def _apply(delivery: Delivery, record: ReceiptRecord, now: datetime) -> bool:
    """Move the delivery where the machine allows it; a "failed" after "delivered" is recorded as a conflict."""
    target = _TARGET.get(record.kind)
    if target is None:
        return False
    step = Step(
        delivery_id=delivery.pk,
        to=target,
        reason=record.reason if target == Status.FAILED else "",
        provider_reference=record.provider_reference,
        address_is_bad=bool(record.permanent),
    )
    moved = bool(advance([step], now=now))
    if not moved and target == Status.FAILED:
        _record_conflict(delivery, record, now)
    return moved


def _record_conflict(delivery: Delivery, record: ReceiptRecord, now: datetime) -> None:
    delivery.refresh_from_db(fields=["status"])
    if delivery.status != Status.DELIVERED:
        return
    record_event(
        NoticeEvent.Kind.CONFLICT,
        borrower_id=delivery.prompt.borrower_id,
        at=now,
        installment_id=delivery.prompt.installment_id,
        prompt_id=delivery.prompt_id,
        delivery_id=delivery.pk,
        channel=delivery.channel,
        reason=record.reason,
    )
