"""What one partner says about one installment now."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.fields import money_column, optional_money_column
from loans.models.loan import Installment
from loans.models.partner import Partner
from loans.models.report import Report


class Position(models.Model):
    """One partner's word on one installment. Two partners, two positions.

    `told` is the figure that the partner gave, as of `told_at` in the report `told_in`, and None where it gave none;
    `settled_on` is its day of full payment. `paid` and `status` are what its word comes to: for a bank, with what it
    has booked since, and `as_of` and `report` are then those of the booking.
    """

    class Status(models.TextChoices):
        DUE = "due", _("to be paid")
        PAID = "paid", _("paid")

    installment = models.ForeignKey(Installment, models.CASCADE, related_name="positions")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="positions")
    status = models.CharField(_("status"), max_length=8, choices=Status)
    paid = money_column(_("paid"))
    told = optional_money_column(_("paid, by its own figure"))
    settled_on = models.DateField(_("settled on"), null=True, blank=True)
    told_at = models.DateTimeField(_("figure as of"), null=True, blank=True)
    told_in = models.ForeignKey(Report, models.PROTECT, related_name="+", null=True, blank=True)
    as_of = models.DateTimeField(_("as of"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="positions")

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        constraints = [
            models.UniqueConstraint(fields=["installment", "partner"], name="position_one_a_partner"),
            models.CheckConstraint(condition=models.Q(paid__gte=0), name="position_paid_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.status}"
