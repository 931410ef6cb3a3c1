"""Events for partners, for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime

from loans.models import Endpoint, EndpointSecret, Loan, OutwardDelivery, OutwardEvent, Partner
from loans.outward.endpoints import add_endpoint
from loans.outward.sending import send_waiting
from loans.outward.telling import LoanFact, tell_partners

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""Noon in Shanghai."""


def hear(partner: Partner, url: str = "https://events.example/hook") -> tuple[Endpoint, str]:
    """The partner hears events from now on: its endpoint and secret."""
    return add_endpoint(partner, url, now=NOON)


def fact(loan: Loan, number: int = 1, kind: OutwardEvent.Kind = OutwardEvent.Kind.PROMPT_DELIVERED) -> LoanFact:
    return LoanFact(kind=kind, loan_id=loan.pk, subject=f"prompt:{number}", data={"prompt": number})


def tell(loan: Loan, count: int = 1, at: datetime = NOON) -> int:
    """Tell so many facts about a loan; returns how many events that makes."""
    return tell_partners([fact(loan, number) for number in range(1, count + 1)], at=at)


def sweep(now: datetime = NOON) -> int:
    return send_waiting(clock=lambda: now)


def standings() -> Sequence[tuple[str, int, int | None]]:
    """Status, attempts and last answer of each event on its way."""
    return list(OutwardDelivery.objects.order_by("pk").values_list("status", "attempts", "answered"))


def secrets_kept(endpoint: Endpoint) -> list[str]:
    return list(EndpointSecret.objects.filter(endpoint=endpoint).values_list("concealed", flat=True))
