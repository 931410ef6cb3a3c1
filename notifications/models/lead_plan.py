"""Other leads than the usual ones, for a partner or one of its products."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models import Partner
from notifications.calendar import OVERDUE_WINDOW
from notifications.leads import LONGEST_LEAD

LEADS_AS_KEPT: Final = "^" + "".join(f"({day},)?" for day in range(LONGEST_LEAD, 0, -1)) + "0$"
"""PostgreSQL's: each day once at most, falling, and the due day at the end."""
STAGES_AS_KEPT: Final = "^(?!.*,$)(?=.)" + "".join(f"({day}(,|$))?" for day in range(1, OVERDUE_WINDOW + 1)) + "$"
"""PostgreSQL's: each day once at most, rising, and at least one."""


class LeadPlan(models.Model):
    """How many days before and after the due date the loans of `partner` are told. An empty `product` fits the others.

    Both are lists like "7,3,1,0", without blanks; `notifications.leads` reads them. The database keeps what planning
    cannot follow out, whoever writes it: one such row would have stopped the planning of everybody.
    """

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="lead_plans", verbose_name=_("partner"))
    product = models.CharField(_("product"), max_length=120, blank=True)
    upcoming = models.CharField(_("days before the due date"), max_length=60, default="7,3,1,0")
    overdue = models.CharField(_("days after the due date"), max_length=60, default="1,3,7")

    class Meta:
        verbose_name = _("leads")
        verbose_name_plural = _("leads")
        constraints = [
            models.UniqueConstraint(fields=["partner", "product"], name="lead_plan_one_a_product"),
            models.CheckConstraint(condition=Q(upcoming__regex=LEADS_AS_KEPT), name="lead_plan_falls_to_the_due_day"),
            models.CheckConstraint(condition=Q(overdue__regex=STAGES_AS_KEPT), name="lead_plan_stages_rise"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.product}: {self.upcoming}"
