"""What a pack is about: one installment of a borrower, or what a dispute is about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from accounts.models import ContactPoint, User
from loans.models import Dispute, Installment, Loan, Payment, PaymentPart
from notifications.models import Acknowledgement, Delivery, Duty, FirmTelling, NoticeEvent, Prompt, Purge, Receipt


class NothingToPackError(LookupError):
    """The borrower has no such installment or dispute. The text names it."""


class Removed(NamedTuple):
    """History from before this month (its first day) was removed, the last time at this moment, aware."""

    before: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """The rows of one case, all of one borrower and one loan.

    `payments` are those for the installments, also where only a part of the money is.
    `prompts` are those about the installments, their payments and disputes, and those whose message named one of them.
    `duties` are those of the prompts, `tellings` what firms said of the installments.
    `known` are the addresses of the borrower, also past ones: what has to be masked. `removed` is None where nothing of
    the case can have been removed (`notifications.purging`).
    """

    borrower: User
    loan: Loan
    installments: list[Installment]
    payments: list[Payment]
    disputes: list[Dispute]
    prompts: list[Prompt]
    deliveries: list[Delivery]
    receipts: list[Receipt]
    acknowledgements: list[Acknowledgement]
    events: list[NoticeEvent]
    duties: list[Duty]
    tellings: list[FirmTelling]
    known: tuple[str, ...]
    removed: Removed | None


def read_case(borrower_id: int, *, installment_id: int | None = None, dispute_id: int | None = None) -> Case:
    """Read what is on record about one installment or one dispute of this borrower; a dispute about no installment is
    about its whole loan. Raises NothingToPackError, and ValueError unless exactly one is named.
    """
    if (installment_id is None) == (dispute_id is None):
        raise ValueError("Name an installment or a dispute.")
    if dispute_id is not None:
        dispute = Dispute.objects.of(borrower_id).filter(pk=dispute_id).first()
        if dispute is None:
            raise NothingToPackError(f"Borrower {borrower_id} has no dispute {dispute_id}.")
        about = {"pk": dispute.installment_id} if dispute.installment_id else {"loan": dispute.loan_id}
    else:
        about = {"pk": installment_id or 0}
    installments = list(
        Installment.objects.of(borrower_id)
        .filter(**about)
        .select_related("loan__borrower", "loan__bank", "loan__platform")
        .prefetch_related("positions__partner", "positions__report")
    )
    if not installments:
        raise NothingToPackError(f"Borrower {borrower_id} has no installment {installment_id}.")
    return _read(installments, whole_loan="loan" in about)


def _read(installments: list[Installment], *, whole_loan: bool) -> Case:
    loan = installments[0].loan
    borrower = loan.borrower
    ids = [installment.pk for installment in installments]
    payments = _payments(loan, None if whole_loan else ids)
    disputes = Dispute.objects.filter(Q(installment__in=ids) | Q(installment=None), loan=loan).order_by("opened_at")
    prompts = _prompts(borrower.pk, ids, [one.pk for one in payments], [one.pk for one in disputes])
    # What an event has to say of is read before the events, and what an event names after them: what happens meanwhile
    # is then at most an event too many, never a claim or an event without its proof.
    deliveries = list(Delivery.objects.filter(prompt__in=prompts).select_related("prompt").order_by("pk"))
    acknowledgements = list(Acknowledgement.objects.filter(prompt__in=prompts).order_by("pk"))
    events = list(_events(borrower.pk, ids, [prompt.pk for prompt in prompts]))
    receipts = Receipt.objects.filter(delivery__in=deliveries).select_related("callback", "delivery")
    return Case(
        borrower=borrower,
        loan=loan,
        installments=installments,
        payments=payments,
        disputes=list(disputes),
        prompts=prompts,
        deliveries=deliveries,
        receipts=list(receipts),
        acknowledgements=acknowledgements,
        events=events,
        duties=list(Duty.objects.filter(prompt__in=prompts).select_related("responsible", "backup").order_by("pk")),
        tellings=list(
            FirmTelling.objects.filter(installment__in=ids)
            .select_related("partner", "report")
            .defer("report__content")
            .order_by("pk")
        ),
        known=_addresses(borrower, deliveries),
        removed=_removed(loan, installments),
    )


def _payments(loan: Loan, installments: list[int] | None) -> list[Payment]:
    """Of all installments where none are named. A payment names the first that it is for, its parts name the others,
    also those of one that went back.
    """
    rows = Payment.objects.filter(loan=loan).order_by("pk").select_related("installment")
    if installments is not None:
        there = Q(amount__gt=0) | Q(payment__status=Payment.Status.RETURNED)
        laid = PaymentPart.objects.filter(there, payment=OuterRef("pk"), installment__in=installments)
        rows = rows.filter(Q(installment__in=installments) | Exists(laid))
    return list(rows.prefetch_related("parts__installment", "words"))


def _prompts(borrower_id: int, installments: list[int], payments: list[int], disputes: list[int]) -> list[Prompt]:
    """Ids in the query, not subqueries: joined by OR, only plain lists let PostgreSQL use an index for each column."""
    of_borrower = Prompt.objects.of(borrower_id)
    about = of_borrower.filter(Q(installment__in=installments) | Q(payment__in=payments) | Q(dispute__in=disputes))
    leading = {prompt.told_with_id for prompt in about if prompt.told_with_id}
    return list(of_borrower.filter(pk__in={prompt.pk for prompt in about} | leading).order_by("pk"))


def _events(borrower_id: int, installments: list[int], prompts: list[int]) -> "QuerySet[NoticeEvent]":
    """With those about the borrower alone, such as a channel switched off."""
    alone = Q(installment_id=None, prompt_id=None, delivery_id=None)
    about = Q(installment_id__in=installments) | Q(prompt_id__in=prompts) | alone
    return NoticeEvent.objects.filter(about, borrower=borrower_id).order_by("pk")


def _addresses(borrower: User, deliveries: list[Delivery]) -> tuple[str, ...]:
    points = ContactPoint.objects.filter(user=borrower).values_list("address", flat=True)
    found = {*points, *(delivery.address for delivery in deliveries), borrower.phone, borrower.email}
    return tuple(sorted(address for address in found if address))


def _removed(loan: Loan, installments: list[Installment]) -> Removed | None:
    """Only what was told of what is over goes, and nothing was told of a loan that was not there yet."""
    newest = Purge.objects.aggregate(before=Max("before"), at=Max("purged_at"))
    if newest["before"] is None or loan.created_at.date() >= newest["before"]:
        return None
    removed = Removed(**newest)
    over = (one for one in installments if one.state in {Installment.State.SETTLED, Installment.State.WITHDRAWN})
    return removed if any((one.settled_on or one.due_on) < removed.at.date() for one in over) else None
