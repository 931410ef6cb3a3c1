"""What of a payment goes to which installment."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loans.models.fields import ZERO, money_column
from loans.models.loan import Installment
from loans.models.payment import Payment

# Statement by statement: a set of parts is written at once, after the amounts of their payments.
_ADDS_UP = """
IF EXISTS (
    SELECT 1 FROM loans_payment AS payment
    WHERE payment.id IN (SELECT payment_id FROM new_values)
      AND payment.amount < payment.credit
                         + (SELECT sum(part.amount) FROM loans_paymentpart AS part WHERE part.payment_id = payment.id))
THEN RAISE EXCEPTION 'the parts of a payment exceed it' USING ERRCODE = '23514', CONSTRAINT = 'payment_parts_add_up';
END IF;
RETURN NULL;
"""


class PaymentPart(models.Model):
    """One payment's money for one installment. The parts of a payment and its credit are never more than its amount.

    `since`: so much of it the bank's own figure for the installment does not hold yet; of a payment that only the
    platform has seen, so much of it the figure cannot hold. Below 0 where the figure holds money that has been returned
    since. One of a payment that went back, of 0 and 0, says what that was for.
    """

    payment = models.ForeignKey(Payment, models.CASCADE, related_name="parts")
    installment = models.ForeignKey(Installment, models.CASCADE, related_name="parts")
    amount = money_column(_("amount"))
    since = money_column(_("not in the bank's figure yet"), default=ZERO)

    class Meta:
        verbose_name = _("part of a payment")
        verbose_name_plural = _("parts of payments")
        ordering = ["installment__due_on", "installment__number"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "installment"], name="payment_part_once"),
            models.CheckConstraint(condition=Q(amount__gte=0, since__lte=F("amount")), name="payment_part_amounts"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name=f"payment_parts_add_up_{name}",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=operation,
                referencing=pgtrigger.Referencing(new="new_values"),  # type: ignore[no-untyped-call]
                func=_ADDS_UP,
            )
            for name, operation in (("made", pgtrigger.Insert), ("changed", pgtrigger.Update))
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.installment_id}"
