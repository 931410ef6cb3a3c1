"""Other leads than the usual ones, for a partner or one of its products."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models import Partner


class LeadPlan(models.Model):
    """How many days before and after the due date the loans of `partner` are told. An empty `product` fits the others.

    Both are lists like "7,3,1,0"; see `notifications.calendar.parse_leads`.
    """

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="lead_plans", verbose_name=_("partner"))
    product = models.CharField(_("product"), max_length=120, blank=True)
    upcoming = models.CharField(_("days before the due date"), max_length=60, default="7,3,1,0")
    overdue = models.CharField(_("days after the due date"), max_length=60, default="1,3,7")

    class Meta:
        verbose_name = _("leads")
        verbose_name_plural = _("leads")
        constraints = [models.UniqueConstraint(fields=["partner", "product"], name="lead_plan_one_a_product")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.product}: {self.upcoming}"
