"""Money on its way."""

from datetime import date, timedelta
from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q, Subquery
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import never_deleted
from loans.models.fields import ZERO, currency_column, money_column
from loans.models.loan import Installment, Loan


class PaymentQuerySet(models.QuerySet["Payment"]):
    def of(self, borrower_id: int) -> Self:
        return self.filter(loan__borrower_id=borrower_id)

    def awaiting_bank(self) -> Self:
        return self.filter(status=Payment.Status.RECEIVED)

    def on_the_way_or_last(self) -> Self:
        """What the bank has not booked yet, and the last payment whatever became of it; the last one first."""
        last = self.order_by("-paid_on", "-pk").values("pk")[:1]
        return self.filter(Q(status=Payment.Status.RECEIVED) | Q(pk__in=Subquery(last)))

    def with_firms(self) -> Self:
        return self.select_related("installment", "loan__bank", "loan__platform")


_Manager = models.Manager.from_queryset(PaymentQuerySet)


class PaymentManager(_Manager["Payment"]):
    """Payments that somebody may be told of."""

    def get_queryset(self) -> PaymentQuerySet:
        return PaymentQuerySet(self.model, using=self._db).exclude(status=Payment.Status.DOUBTED)


class Payment(models.Model):
    """One payment for one loan: received when the platform saw it, settled when the bank booked it.

    `end_to_end_id` is ISO 20022's EndToEndId, by which the two firms' words about the same money meet. `installment` is
    the one that it is for, the first where it is for several: its parts say how much goes to which. `credit` is what
    the bank booked and no installment takes: the borrower's, kept with the loan. `returned_at` is when we heard from a
    statement or a status report that it was returned, for `return_reason` (a code; see loans/return_reasons.py).
    `given_up_at` is when an agent decided that the bank will not show it; if the bank does, it counts. One that cannot
    be true by all that is known of its loan is `doubted`: `objects` leaves it out, so that nobody is told of it.
    """

    class Status(models.TextChoices):
        RECEIVED = "received", _("received at the platform, awaiting the bank")
        SETTLED = "settled", _("booked by the bank")
        RETURNED = "returned", _("returned")
        DOUBTED = "doubted", _("cannot be true: told to nobody")

    loan = models.ForeignKey(Loan, models.CASCADE, related_name="payments", verbose_name=_("loan"))
    installment = models.ForeignKey(
        Installment, models.PROTECT, related_name="payments", null=True, blank=True, verbose_name=_("installment")
    )
    amount = money_column(_("amount"))
    credit = money_column(_("more than was owed"), default=ZERO)
    currency = currency_column()
    end_to_end_id = models.CharField(_("end-to-end id"), max_length=35, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=Status)
    paid_on = models.DateField(_("paid on"))
    received_at = models.DateTimeField(_("platform reported"), null=True, blank=True)
    settled_at = models.DateTimeField(_("bank reported"), null=True, blank=True)
    booked_on = models.DateField(_("booked on"), null=True, blank=True)
    returned_at = models.DateTimeField(_("return reported"), null=True, blank=True)
    return_reason = models.CharField(_("reason of the return"), max_length=35, blank=True)
    given_up_at = models.DateTimeField(_("not waited for since"), null=True, blank=True)

    objects = PaymentManager()
    everything = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-paid_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["loan", "end_to_end_id"], condition=~Q(end_to_end_id=""), name="payment_end_to_end_id_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            models.CheckConstraint(
                condition=Q(credit__gte=0, credit__lte=F("amount")), name="payment_credit_within_amount"
            ),
        ]
        indexes = [
            models.Index(fields=["end_to_end_id"], condition=~Q(end_to_end_id=""), name="payment_by_end_to_end_id"),
            models.Index(fields=["loan"], condition=Q(status="doubted"), name="payment_doubted"),
        ]
        triggers: list[pgtrigger.Trigger] = [never_deleted("payment")]

    def __str__(self) -> str:
        return self.end_to_end_id or f"#{self.pk}"

    @property
    def expected_on(self) -> date:
        """The day by which the bank usually shows a payment that the platform has seen."""
        return self.paid_on + timedelta(days=self.loan.bank.usual_lag_days)
