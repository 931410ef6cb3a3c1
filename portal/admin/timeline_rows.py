"""Which rows make up a borrower's timeline, and when each of them happened."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from loans.models import Dispute, DisputeMessage, Installment, Loan, Payment
from notifications.models import Acknowledgement, AgentTask, Delivery, InboundText, NoticeEvent, Prompt, Receipt

Event = NoticeEvent.Kind

KINDS: Final = {
    "loan": _("Loans"),
    "payment": _("Payments"),
    "prompt": _("Prompts"),
    "delivery": _("Deliveries"),
    "receipt": _("Receipts"),
    "text": _("Text messages"),
    "acknowledgement": _("Acknowledgements"),
    "dispute": _("Disputes"),
    "task": _("Agent tasks"),
    "event": _("Events"),
}
"""What a timeline can be narrowed down to."""

TOLD_BY_OTHER_LINES: Final = (
    Event.PLANNED,
    Event.SENT,
    Event.DELIVERED,
    Event.FAILED,
    Event.ACKNOWLEDGED,
    Event.ESCALATED,
    Event.TASK_DONE,
    Event.REPLIED,
    Event.WROTE,
    Event.TEXT_READ,
)
"""Events that repeat what the line of a prompt, delivery, receipt, text, acknowledgement or task says; on request."""


class Row(IntEnum):
    """The kinds of line; several may come from one row. Of what happened at one moment, the later number came of it."""

    LOAN = 1
    PAYMENT_SEEN = 2
    PAYMENT_BOOKED = 3
    DISPUTE_OPENED = 4
    DISPUTE_MESSAGE = 5
    DISPUTE_DECIDED = 6
    PROMPT = 7
    DELIVERY = 8
    RECEIPT = 9
    TEXT = 10
    EVENT = 11
    ACKNOWLEDGEMENT = 12
    TASK_OPENED = 13
    TASK_DONE = 14


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose timeline, and of one loan only if `loan_id` says so. `kind` is one of KINDS or empty: all of them."""

    borrower_id: int
    kind: str = ""
    loan_id: int | None = None

    def of_loan(self, **filters: Any) -> Q:
        """A condition that holds for everything where no loan was chosen."""
        return Q(**filters) if self.loan_id is not None else Q()

    def about_loan(self, prefix: str = "") -> Q:
        """The same for what is about a prompt, `prefix` being the way to it."""
        if self.loan_id is None:
            return Q()
        subjects = ("installment__loan", "payment__loan", "dispute__loan")
        return Q(*[(f"{prefix}{subject}", self.loan_id) for subject in subjects], _connector=Q.OR)


@dataclass(frozen=True, slots=True)
class Source:
    """One table of the timeline: its kind, its rows, and the moment of each (a column or expression, UTC)."""

    kind: str
    rows: Callable[[Scope], "QuerySet[Any]"]
    at: Any


def _prompts(scope: Scope) -> "QuerySet[Any]":
    return Prompt.objects.filter(scope.about_loan(), borrower=scope.borrower_id)


def _events(scope: Scope) -> "QuerySet[Any]":
    events = NoticeEvent.objects.filter(borrower=scope.borrower_id)
    if scope.loan_id is not None:
        prompts = _prompts(scope).order_by().values("pk")
        installments = Installment.objects.filter(loan=scope.loan_id).order_by().values("pk")
        events = events.filter(Q(prompt_id__in=prompts) | Q(installment_id__in=installments))
    return events if scope.kind == "event" else events.exclude(kind__in=TOLD_BY_OTHER_LINES)


def _payments(scope: Scope) -> "QuerySet[Any]":
    return Payment.objects.of(scope.borrower_id).filter(scope.of_loan(loan=scope.loan_id))


def _disputes(scope: Scope) -> "QuerySet[Any]":
    return Dispute.objects.of(scope.borrower_id).filter(scope.of_loan(loan=scope.loan_id))


def _tasks(scope: Scope) -> "QuerySet[Any]":
    own = scope.of_loan(installment__loan=scope.loan_id)
    return AgentTask.objects.filter(scope.about_loan("prompt__") | own, borrower=scope.borrower_id)


# One that was taken back before it was sent has no moment of its own: it stands with its prompt.
_WHEN_TOLD: Final = Coalesce(
    "sent_at",
    "claimed_at",
    Case(When(status=Delivery.Status.CANCELLED, then=F("prompt__planned_at")), default=F("next_attempt_at")),
)

SOURCES: Final[dict[Row, Source]] = {
    Row.LOAN: Source(
        "loan",
        lambda scope: Loan.objects.of(scope.borrower_id).filter(scope.of_loan(pk=scope.loan_id)),
        "created_at",
    ),
    Row.PAYMENT_SEEN: Source(
        "payment",
        lambda scope: _payments(scope).exclude(received_at=None),
        "received_at",
    ),
    Row.PAYMENT_BOOKED: Source(
        "payment",
        lambda scope: _payments(scope).exclude(settled_at=None),
        "settled_at",
    ),
    Row.PROMPT: Source("prompt", _prompts, "planned_at"),
    Row.DELIVERY: Source(
        "delivery",
        lambda scope: Delivery.objects.filter(scope.about_loan("prompt__"), prompt__borrower=scope.borrower_id),
        _WHEN_TOLD,
    ),
    Row.RECEIPT: Source(
        "receipt",
        lambda scope: Receipt.objects.filter(
            scope.about_loan("delivery__prompt__"), delivery__prompt__borrower=scope.borrower_id
        ),
        "received_at",
    ),
    Row.TEXT: Source(
        "text",
        lambda scope: InboundText.objects.filter(scope.about_loan("delivery__prompt__"), borrower=scope.borrower_id),
        "received_at",
    ),
    Row.ACKNOWLEDGEMENT: Source(
        "acknowledgement",
        lambda scope: Acknowledgement.objects.filter(scope.about_loan("prompt__"), borrower=scope.borrower_id),
        "acknowledged_at",
    ),
    Row.DISPUTE_OPENED: Source("dispute", _disputes, "opened_at"),
    Row.DISPUTE_MESSAGE: Source(
        "dispute",
        lambda scope: DisputeMessage.objects.filter(
            scope.of_loan(dispute__loan=scope.loan_id), dispute__borrower=scope.borrower_id
        ),
        "written_at",
    ),
    Row.DISPUTE_DECIDED: Source("dispute", lambda scope: _disputes(scope).exclude(decided_at=None), "decided_at"),
    Row.TASK_OPENED: Source("task", _tasks, "created_at"),
    Row.TASK_DONE: Source("task", lambda scope: _tasks(scope).exclude(done_at=None), "done_at"),
    Row.EVENT: Source("event", _events, "at"),
}
