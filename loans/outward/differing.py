"""What the two firms of a loan are told of a discrepancy: that it was opened, and that it was closed, and how."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from loans.models import Discrepancy, OutwardEvent
from loans.outward.telling import LoanFact, anybody_hears, tell_partners

Kind = OutwardEvent.Kind


def tell_opened(discrepancy_ids: Collection[int], *, at: datetime) -> None:
    """These were opened, in the transaction of the caller."""
    _tell(Kind.DISCREPANCY_OPENED, discrepancy_ids, at)


def tell_closed(discrepancy_ids: Collection[int], *, agreed: bool, at: datetime) -> None:
    """These were closed: because the firms agree again, or by an agent's hand."""
    _tell(Kind.DISCREPANCY_CLOSED, discrepancy_ids, at, agreed=agreed)


def _tell(kind: OutwardEvent.Kind, discrepancy_ids: Collection[int], at: datetime, **more: Any) -> None:
    if not discrepancy_ids or not anybody_hears():
        return
    rows = Discrepancy.objects.filter(pk__in=discrepancy_ids).select_related("difference__installment__loan")
    facts = (
        LoanFact(
            kind=kind,
            loan_id=row.difference.installment.loan_id,
            subject=f"discrepancy:{row.pk}",
            data=_details(row) | more,
        )
        for row in rows.select_related("difference__follower").order_by("pk")
    )
    tell_partners(facts, at=at)


def _details(row: Discrepancy) -> dict[str, Any]:
    difference = row.difference
    return {
        "discrepancy": row.pk,
        "kind": difference.kind,
        "installment": difference.installment.number,
        "due_on": difference.installment.due_on.isoformat(),
        "since": difference.since.isoformat(),
        "follower": difference.follower.code,
    }
