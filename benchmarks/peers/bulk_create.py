"""The peer of planning: the same rows by Django's `bulk_create`, a thousand at a time."""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from accounts.models import ContactPoint
from benchmarks.measure import Trial, expect, timed
from benchmarks.product import DELIVERIES, EVENTS, PROMPTS, STARTED_ON
from benchmarks.tables import checkpoint, count
from loans.models import Installment
from notifications.models import Delivery, NoticeEvent, Prompt

PORTION: Final = 1000


def plan_by_objects(n: int, now: datetime) -> Trial:
    """Plan the first `n` installments of the book, into empty tables."""
    checkpoint()
    trial = timed(n, lambda: _plan(n, now))
    expect("prompts of the peer", n, count(PROMPTS))
    expect("deliveries of the peer", STARTED_ON * n, count(DELIVERIES))
    expect("events of the peer", n, count(EVENTS))
    return trial


def _plan(n: int, now: datetime) -> None:
    due = Installment.objects.open().select_related("loan").order_by("pk")
    for first in range(0, n, PORTION):
        _plan_portion(list(due[first : min(first + PORTION, n)]), now)


@transaction.atomic
def _plan_portion(installments: list[Installment], now: datetime) -> None:
    borrowers = [installment.loan.borrower_id for installment in installments]
    points = {point.user_id: point for point in ContactPoint.objects.reachable().filter(user_id__in=borrowers)}
    prompts = Prompt.objects.bulk_create(
        Prompt(
            borrower_id=installment.loan.borrower_id,
            kind=Prompt.Kind.UPCOMING,
            installment=installment,
            stage=3,
            version=installment.version,
            rung=1,
            planned_at=now,
            tell_at=now,
            look_again_at=now + timedelta(hours=4),
        )
        for installment in installments
    )
    Delivery.objects.bulk_create(
        Delivery(
            prompt=prompt,
            channel=channel,
            contact_point=points[prompt.borrower_id] if channel == Delivery.Channel.EMAIL else None,
            address=points[prompt.borrower_id].address if channel == Delivery.Channel.EMAIL else "",
            rung=1,
            next_attempt_at=now,
        )
        for prompt in prompts
        for channel in (Delivery.Channel.EMAIL, Delivery.Channel.IN_APP)
    )
    NoticeEvent.objects.bulk_create(
        NoticeEvent(
            at=now,
            kind=NoticeEvent.Kind.PLANNED,
            borrower_id=prompt.borrower_id,
            installment_id=prompt.installment_id,
            prompt_id=prompt.pk,
            data={"kind": "upcoming", "stage": 3},
        )
        for prompt in prompts
    )
