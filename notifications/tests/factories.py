"""Prompts and deliveries for tests."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications import claiming
from notifications.calendar import deadline
from notifications.claiming import holding
from notifications.clock import Clock
from notifications.composing import Worded, word
from notifications.ladder import ladder_of
from notifications.models import Callback, Delivery, Prompt, Receipt
from notifications.reach import CONTACT_KIND
from notifications.receipts import apply_waiting, store
from notifications.states import Step
from notifications.tellings import tellings_of
from notifications.timing import ContactHours
from notifications.wording.facts import Facts

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
TODAY = date(2026, 11, 22)


def clock(now: datetime = NOON, pace: float = 1.0) -> Clock:
    return Clock(now, ContactHours(), pace)


def make_due(borrower: User, **fields: Any) -> Installment:
    """Due today, and known for nine days."""
    return make_installment(make_loan(borrower), **{"due_on": TODAY, "known_at": NOON - timedelta(days=9), **fields})


def make_prompt(installment: Installment | None = None, **fields: Any) -> Prompt:
    """An upcoming prompt at stage 3, without deliveries; of one that is overdue the day is right, too."""
    late = fields.get("kind") == Prompt.Kind.OVERDUE
    due_on = TODAY - timedelta(days=fields.get("stage", 3)) if late else date(2026, 11, 25)
    installment = installment or make_installment(make_loan(make_borrower()), due_on=due_on)
    defaults = {"kind": Prompt.Kind.UPCOMING, "stage": 3, "version": installment.version, "planned_at": NOON}
    if fields.get("kind", Prompt.Kind.UPCOMING) == Prompt.Kind.UPCOMING:
        stage, zone = fields.get("stage", 3), installment.loan.borrower.zone
        defaults["deadline"] = deadline(installment.due_on, stage, zone, NOON)
    return Prompt.objects.create(
        **{
            "borrower": installment.loan.borrower,
            "installment": installment,
            "tell_at": NOON,
            "look_again_at": NOON,
            "rung": 1,
            **defaults,
            **fields,
        }
    )


def make_delivery(prompt: Prompt | None = None, channel: str = Delivery.Channel.SMS, **fields: Any) -> Delivery:
    """A queued delivery to the borrower's live contact point, with the facts as if it had been worded."""
    prompt = prompt or make_prompt()
    kind = CONTACT_KIND.get(channel)
    point = ContactPoint.objects.live().filter(user=prompt.borrower, kind=kind).first() if kind else None
    if fields.get("status") == Delivery.Status.DELIVERED:
        fields.setdefault("delivered_at", NOON)
    return Delivery.objects.create(
        **{
            "prompt": prompt,
            "channel": channel,
            "contact_point": point,
            "address": point.address if point else "",
            "next_attempt_at": NOON,
            "rung": rung_of(prompt.kind, channel),
            "facts": facts(prompt).as_json() if prompt.installment else None,
            **fields,
        }
    )


def rung_of(kind: str, channel: str) -> int:
    """The number of the channel on the ladder of this kind."""
    rungs = ladder_of(kind).rungs
    return next((number for number, rung in enumerate(rungs) if rung.channel == channel), 1)


def facts(prompt: Prompt) -> Facts:
    installment = prompt.installment
    assert installment is not None
    return Facts(
        language="en",
        today=TODAY,
        bank_name="Harbour Bank",
        amount=installment.outstanding,
        currency=installment.loan.currency,
        due_on=installment.due_on,
    )


def make_receipt(delivery: Delivery | None, kind: str, raw: bytes = b"raw", **fields: Any) -> Receipt:
    """A receipt that moved nothing, read out of a callback of its own."""
    channel = delivery.channel if delivery else Delivery.Channel.EMAIL
    provider = "kannel" if channel == Delivery.Channel.SMS else "smtp"
    callback = Callback.objects.create(provider=provider, raw=raw, received_at=NOON, applied_at=NOON)
    defaults = {"channel": channel, "provider": provider, "moved": False, "received_at": NOON}
    return Receipt.objects.create(delivery=delivery, callback=callback, kind=kind, **{**defaults, **fields})


def hear(provider: str, raw: bytes, now: datetime = NOON) -> int:
    """A provider reports, and the report is read; returns how many messages were read."""
    store(provider=provider, raw=raw, now=now)
    return apply_waiting(now=now)


def word_these(delivery_ids: Collection[int], *, now: datetime) -> tuple[list[Worded], list[Step]]:
    """What a worker that has taken these makes of them."""
    return word(tellings_of(delivery_ids, now=now), now=now)


def claim(channel: str, now: datetime = NOON, limit: int = 500) -> list[int]:
    """What a worker takes, which then lives on."""
    with holding() as holder:
        return claim_for(holder, channel, now=now, limit=limit)


@transaction.atomic
def claim_for(holder: int, channel: str, *, now: datetime = NOON, limit: int = 500) -> list[int]:
    """What is next, claimed for the worker with this lock."""
    ids = claiming.Line(channel).next(now=now, limit=limit)
    claiming.claim([claiming.Kept(pk, "{}") for pk in ids], holder=holder, provider="", now=now)
    return ids
