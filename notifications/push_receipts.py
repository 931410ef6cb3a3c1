"""What a device sends back: that it showed a notice, and that its reader knows. The notice's token is the proof."""

from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction

from notifications.acknowledgement import acknowledge
from notifications.channels.web_push_reports import parse_report
from notifications.kept_reports import may_be_kept
from notifications.models import Acknowledgement, Delivery, PushSubscription, Receipt
from notifications.push_subscriptions import mark_heard_of
from notifications.receipts import store
from notifications.signatures import LinkInvalid, read_notice_token, reference_of

PUSH = Delivery.Channel.PUSH
PROVIDER = "webpush"
"""As the channel names itself; its module is not loaded here, since its HTTP client takes a quarter of a second to."""


def receive_report(token: str, report: bytes, *, now: datetime) -> None:
    """Store what a device reports of a notice, once. Raises LinkExpired or LinkInvalid.

    The token opens an acknowledgement too, and receipts are read at the desk: what is kept is the report as it came,
    and behind it what the token named.
    """
    delivery, device_id = _read(token, now)
    reference = reference_of(delivery.pk)
    named = urlencode({"reference": reference, "device": f"device-{device_id}"})
    raw = report + b"&" + named.encode()
    [record] = parse_report(raw)
    known = Receipt.objects.filter(delivery=delivery, channel=PUSH, kind=record.kind.value)
    if known.filter(provider_reference=record.provider_reference).exists():
        return
    with transaction.atomic():
        if may_be_kept(delivery.pk, reference, provider=PROVIDER):  # a word is known again only once it was read
            store(provider=PROVIDER, raw=raw, now=now)
        mark_heard_of(device_id, borrower_id=delivery.prompt.borrower_id, now=now)


def acknowledge_notice(token: str, *, now: datetime) -> Acknowledgement:
    """The reader pressed "I know" on a notice. Raises LinkExpired, LinkInvalid and NothingToAcknowledge."""
    delivery, _device_id = _read(token, now)
    method = Acknowledgement.Method.PUSH
    return acknowledge(prompt_id=delivery.prompt_id, method=method, delivery_id=delivery.pk, now=now)


def _read(token: str, now: datetime) -> tuple[Delivery, int]:
    """The delivery and the device of a token. A device that has changed hands since speaks for nobody."""
    delivery_id, device_id = read_notice_token(token, now)
    delivery = Delivery.objects.select_related("prompt").filter(pk=delivery_id, channel=PUSH).first()
    if delivery is None:
        raise LinkInvalid(f"Delivery {delivery_id} does not exist.")
    if not PushSubscription.objects.filter(pk=device_id, user=delivery.prompt.borrower_id).exists():
        raise LinkInvalid(f"Device {device_id} is not the one of delivery {delivery_id} any more.")
    return delivery, device_id
