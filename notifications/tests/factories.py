"""Prompts and deliveries for tests."""

from datetime import UTC, date, datetime
from typing import Any

from accounts.models import ContactPoint
from accounts.tests.factories import make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications.models import Delivery, Prompt
from notifications.planning import Clock
from notifications.reach import CONTACT_KIND
from notifications.timing import ContactHours
from notifications.wording.facts import Facts

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""
TODAY = date(2026, 11, 22)


def clock(now: datetime = NOON, pace: float = 1.0) -> Clock:
    return Clock(now, ContactHours(), pace)


def make_prompt(installment: Installment | None = None, **fields: Any) -> Prompt:
    """An upcoming prompt at stage 3, without deliveries."""
    installment = installment or make_installment(make_loan(make_borrower()), due_on=date(2026, 11, 25))
    defaults = {"kind": Prompt.Kind.UPCOMING, "stage": 3, "version": installment.version, "planned_at": NOON}
    return Prompt.objects.create(
        **{
            "borrower": installment.loan.borrower,
            "installment": installment,
            "tell_at": NOON,
            "look_again_at": NOON,
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
            "facts": facts(prompt).as_json() if prompt.installment else None,
            **fields,
        }
    )


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
