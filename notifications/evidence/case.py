"""What a pack is about: one installment of a borrower, or what a dispute is about."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import ContactPoint, User
from loans.models import Dispute, Installment, Loan, Payment
from notifications.models import Acknowledgement, Delivery, Duty, FirmTelling, NoticeEvent, Prompt, Receipt


class NothingToPackError(LookupError):
    """The borrower has no such installment or dispute. The text names it."""


@dataclass(frozen=True, slots=True)
class Case:
    """The rows of one case, all of one borrower and one loan.

    `prompts` are those about the installments, their payments and disputes, and those whose message named one of them.
    `duties` are those of the prompts, `tellings` what firms said of the installments.
    `known` are the addresses of the borrower, also past ones: what has to be masked.
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
    payments = Payment.objects.filter(loan=loan).order_by("pk").select_related("loan__bank", "loan__platform")
    payments = payments if whole_loan else payments.filter(installment__in=ids)
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
        payments=list(payments),
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
    )


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
