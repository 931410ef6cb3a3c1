"""What a bank said became of a payment that was initiated."""

from decimal import Decimal
from typing import Final, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.fields import optional_money_column
from loans.models.payment import Payment
from loans.models.report import Report

REJECTED: Final = ("RJCT", "CANC")
"""Statuses of ISO 20022 (ExternalPaymentTransactionStatus1Code) after which no money comes."""


class PaymentStatusQuerySet(models.QuerySet["PaymentStatus"]):
    def early_rejections(self) -> Self:
        """Of payments that nobody had told us of yet."""
        return self.filter(payment=None, status__in=REJECTED)


class PaymentStatus(models.Model):
    """One transaction of a pain.002. `status` is the bank's word (RJCT, PDNG, ACSC, ACCC …) and `reason` its code.

    Only a rejection moves a payment, of just `amount` and `currency` if it names them: that it was executed is believed
    when a statement books it.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="payment_statuses")
    place = models.CharField(_("place in the file"), max_length=120)
    end_to_end_id = models.CharField(_("end-to-end id"), max_length=35)
    original_message = models.CharField(_("original message"), max_length=35, blank=True)
    status = models.CharField(_("status"), max_length=4)
    reason = models.CharField(_("reason"), max_length=35, blank=True)
    text = models.CharField(_("bank's words"), max_length=500, blank=True)
    amount = optional_money_column(_("amount"))
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="statuses", null=True, blank=True)

    objects = PaymentStatusQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment status")
        verbose_name_plural = _("payment statuses")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["report", "place"], name="payment_status_place_once")]
        indexes = [
            models.Index(
                fields=["end_to_end_id"],
                condition=models.Q(status__in=REJECTED),
                name="payment_status_rejected",
            )
        ]

    def __str__(self) -> str:
        return f"{self.end_to_end_id}: {self.status}"

    def fits(self, amount: Decimal, currency: str) -> bool:
        """Whether it may be about a payment of this amount."""
        return self.amount is None or (self.amount, self.currency) == (amount, currency)
