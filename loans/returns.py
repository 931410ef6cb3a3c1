"""What a bank's return does to an installment: the bank's position follows, and what is owed is derived anew."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import F

from loans.models import Installment, Position, Report
from loans.models.fields import ZERO
from loans.reconciliation import save_positions, settle_up

State = Installment.State


def take_from_positions(lost: Mapping[int, Decimal], report: Report) -> set[int]:
    """The bank took these amounts back, by installment's id; returns the ids of the installments that changed.

    0 is for what it had not booked. Its own figure is lowered by as much; booked payments that stay hold it up, so a
    loan file that told of the return before is not counted twice. An installment that is owed again has a new version:
    what was told of it before it was paid is void, and it is told anew. The caller has returned the payments and locked
    the loans.
    """
    closed = list(Installment.objects.filter(pk__in=lost).exclude(state=State.OPEN).values_list("pk", flat=True))
    paid_back = [pk for pk, amount in lost.items() if amount]
    said = list(Position.objects.filter(installment__in=paid_back, partner=F("installment__loan__bank")).order_by("pk"))
    for position in said:
        position.paid = max(position.paid - lost[position.installment_id], ZERO)
        position.as_of, position.report = report.received_at, report
    save_positions(said)
    changed = settle_up(lost)
    reopened = Installment.objects.filter(pk__in=closed, state=State.OPEN)
    reopened.update(version=F("version") + 1, known_at=report.received_at)
    figures = Installment.objects.filter(pk__in=lost).values_list("pk", "paid", "outstanding")
    owed = {pk: (paid, outstanding) for pk, paid, outstanding in figures}
    for position in said:
        position.paid, outstanding = owed[position.installment_id]
        position.status = Position.Status.DUE if outstanding else Position.Status.PAID
    save_positions(said)
    return changed
