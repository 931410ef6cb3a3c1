"""Firms that have to send prompts, and what they report."""

import hashlib
import json
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import time_machine

from accounts.tests.factories import make_borrower
from loans.intake.events.sweep import apply_kept
from loans.models import Event, Installment, Partner, Report
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.models import Delivery, Duty, Prompt, Responsibility
from notifications.planning import plan_upcoming
from notifications.tests.factories import NOON, TODAY, claim, clock, word_these
from notifications.wording.facts import Facts

HOUR = timedelta(hours=1)
_numbers = count(1)


def make_rule(responsible: str = "bank", **fields: Any) -> Responsibility:
    """A rule for all loans of the bank, in force since yesterday."""
    scope = {} if "loan" in fields or "platform" in fields else {"bank": make_bank()}
    hours = 0 if responsible == "portal" else 4
    defaults = {"hours": hours, "valid_from": NOON - timedelta(days=1)}
    return Responsibility.objects.create(responsible=responsible, **{**scope, **defaults, **fields})


def due_in(days: int, **loan: Any) -> Installment:
    return make_installment(make_loan(make_borrower(), **loan), due_on=TODAY + timedelta(days=days))


def planned(days: int = 3, **loan: Any) -> Prompt:
    """A prompt that was planned at noon, under the rules that there are."""
    installment = due_in(days, **loan)
    assert plan_upcoming(clock()) == 1
    return Prompt.objects.get(installment=installment)


def event_about(installment: Installment, *, at: datetime, **data: Any) -> dict[str, Any]:
    """`prompt.sent` as the firm writes it, sent at `at` by SMS."""
    named = {"loan": installment.loan.external_id, "installment": installment.number}
    said = {"kind": "upcoming", "channel": "sms", "sent_at": at.isoformat(), **named, **data}
    return {"id": f"e-{next(_numbers)}", "type": "prompt.sent", "occurred_at": at.isoformat(), "data": said}


def push(partner: Partner, events: list[dict[str, Any]], *, at: datetime) -> Report:
    """Keep a message as it comes in at `at`."""
    content = json.dumps({"events": events}).encode()
    return Report.objects.create(
        partner=partner,
        kind=Report.Kind.EVENTS,
        name="m",
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
        message_id=f"m-{next(_numbers)}",
        received_at=at,
    )


def report(
    installment: Installment, *, at: datetime = NOON + HOUR, by: Partner | None = None, **data: Any
) -> tuple[str, str]:
    """A firm, the bank where none is named, reports that it told, and is heard at once; the outcome and its code."""
    said = {"sent_at": at.isoformat()} | data
    kept = push(by or installment.loan.bank, [event_about(installment, at=at, **said)], at=at)
    with time_machine.travel(at, tick=False):
        apply_kept()
    event = Event.objects.get(report=kept)
    return event.status, event.code


def duty_of(prompt: Prompt) -> Duty:
    return Duty.objects.select_related("telling", "responsible", "backup").get(prompt=prompt)


def statuses(prompt: Prompt) -> set[str]:
    return set(Delivery.objects.filter(prompt=prompt).values_list("status", flat=True))


def named_on(channel: str, now: datetime) -> set[int]:
    """The installments that messages name which go out on this channel now."""
    worded, _steps = word_these(claim(channel, now), now=now)
    facts = [Facts.from_json(json.loads(one.kept.facts)) for one in worded]
    ids = Prompt.objects.filter(deliveries__in=[one.kept.delivery_id for one in worded])
    alone = [] if any(one.items for one in facts) else [pk for pk in ids.values_list("installment", flat=True) if pk]
    return {item.installment_id for one in facts for item in one.items} | set(alone)
