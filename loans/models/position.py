"""What one partner says about one installment now."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.fields import money_column
from loans.models.loan import Installment
from loans.models.partner import Partner
from loans.models.report import Report


class PositionQuerySet(models.QuerySet["Position"]):
    def of_partner(self, partner: Partner) -> Self:
        """What either firm said about the installments of this one's loans."""
        return self.filter(**{f"installment__loan__{partner.kind}": partner})


class Position(models.Model):
    """One partner's word on one installment. Two partners, two positions."""

    class Status(models.TextChoices):
        DUE = "due", _("to be paid")
        PAID = "paid", _("paid")

    installment = models.ForeignKey(Installment, models.CASCADE, related_name="positions")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="positions")
    status = models.CharField(_("status"), max_length=8, choices=Status)
    paid = money_column(_("paid"))
    as_of = models.DateTimeField(_("as of"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="positions")

    objects = PositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        constraints = [
            models.UniqueConstraint(fields=["installment", "partner"], name="position_one_a_partner"),
            models.CheckConstraint(condition=models.Q(paid__gte=0), name="position_paid_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.status}"
