"""What was told and what providers said to it, as the JSON of a pack. Contacts and references are masked."""

import base64
import hashlib
from collections.abc import Collection

from django.conf import settings
from django.urls import reverse

from accounts.masking import mask_text
from accounts.models.contact_point import masked
from notifications.evidence.case import Case
from notifications.evidence.raw import mask_keys, mask_raw
from notifications.evidence.records import Json, day, moment
from notifications.kept_words import words_of
from notifications.models import Callback, Delivery, Prompt, Receipt
from notifications.named import named
from notifications.rendering import render
from notifications.states import SAID_NOTHING
from notifications.wording.facts import Facts
from notifications.wording.source import Wording, WordingError


def delivery_records(case: Case) -> list[Json]:
    words = words_of({delivery.wording for delivery in case.deliveries})
    return [_delivery(delivery, words.get(delivery.wording), case.known) for delivery in case.deliveries]


def _delivery(delivery: Delivery, words: Wording | None, known: tuple[str, ...]) -> Json:
    prompt = delivery.prompt
    return {
        "id": delivery.pk,
        "prompt": {
            "id": prompt.pk,
            "kind": prompt.kind,
            "stage": prompt.stage,
            "version": prompt.version,
            "installment": prompt.installment_id,
            "planned_at": moment(prompt.planned_at),
            "tell_at": moment(prompt.tell_at),
        },
        "channel": delivery.channel,
        "address": masked(delivery.address) if delivery.address else "",
        "status": delivery.status,
        "reason": mask_text(delivery.reason, known),
        "held_by": delivery.held_by,
        "attempts": delivery.attempts,
        "provider": delivery.provider,
        "provider_reference": mask_keys(delivery.provider_reference),
        **{name: moment(getattr(delivery, name)) for name in ("handed_at", "sent_at", "delivered_at", "seen_at")},
        "wording": delivery.wording,
        "facts": delivery.facts,
        "named": [
            {"installment": pk, "amount": str(figures.amount), "due_on": day(figures.due_on)}
            for pk, figures in named(delivery).items()
        ],
        "message": _message(delivery, words),
    }


def _message(delivery: Delivery, words: Wording | None) -> Json | None:
    """The message again, from its facts and `words`; from today's where these are not known. `as_sent` is false where
    the wording has been revised since and was not kept, so that these are not the very words. The key in a link that
    acknowledges is left out. None where it cannot be said, and of a call in which nothing was.
    """
    prompt = delivery.prompt
    if delivery.reason.startswith(SAID_NOTHING):
        return None
    try:
        facts = Facts.from_json(delivery.facts or {})
        rendered = render(prompt.kind, prompt.stage, delivery.channel, facts, _address(prompt), words=words)
    except (WordingError, ValueError):
        return None
    return {"as_sent": rendered.wording == delivery.wording, "subject": rendered.subject, "text": rendered.text}


def _address(prompt: Prompt) -> str:
    path = "/k/…" if prompt.asks_acknowledgement else reverse("message", args=[prompt.pk])
    return f"{settings.PUBLIC_URL}{path}"


def receipt_records(case: Case) -> Json:
    """The receipts, and the providers' messages that they were read out of."""
    callbacks = {receipt.callback_id: receipt.callback for receipt in case.receipts}
    strangers = _speaking_of_others(case, callbacks.keys())
    return {
        "receipts": [_receipt(receipt, case.known) for receipt in case.receipts],
        "callbacks": [
            _callback(callback, case.known, others=callback.pk in strangers) for callback in callbacks.values()
        ],
    }


def _speaking_of_others(case: Case, callback_ids: Collection[int]) -> set[int]:
    """Providers may report on many deliveries at once: those of other people are nobody's business here."""
    others = Receipt.objects.filter(callback__in=list(callback_ids)).exclude(delivery__in=case.deliveries)
    return set(others.values_list("callback_id", flat=True))


def _receipt(receipt: Receipt, known: tuple[str, ...]) -> Json:
    return {
        "id": receipt.pk,
        "delivery": receipt.delivery_id,
        "callback": receipt.callback_id,
        "channel": receipt.channel,
        "provider": receipt.provider,
        "kind": receipt.kind,
        "provider_word": mask_text(receipt.provider_word, known),
        "provider_reference": mask_keys(receipt.provider_reference),
        "reason": mask_text(receipt.reason, known),
        "moved": receipt.moved,
        "occurred_at": moment(receipt.occurred_at),
        "received_at": moment(receipt.received_at),
    }


def _callback(callback: Callback, known: tuple[str, ...], *, others: bool) -> Json:
    """`sha256` is of the bytes as they came; `raw` is their base64 after masking, which `masked` says changed them."""
    raw = bytes(callback.raw)
    shown = None if others else mask_raw(raw, known)
    left_out = "speaks of other people, too" if others else "a part in base64 cannot be masked"
    return {
        "id": callback.pk,
        "provider": callback.provider,
        "received_at": moment(callback.received_at),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "raw": base64.b64encode(shown).decode() if shown is not None else None,
        "masked": shown is not None and shown != raw,
        "left_out": left_out if shown is None else None,
    }
