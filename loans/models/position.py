"""What one partner says about one installment now, and what it said before."""

from typing import Final, Self

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only
from loans.models.fields import money_column, optional_money_column
from loans.models.loan import Installment
from loans.models.partner import Partner
from loans.models.report import Report

_WORD: Final = "installment_id, partner_id, status, paid, due_on, total, as_of, report_id"
_OF: Final = ", ".join(f"{{row}}.{column}" for column in _WORD.split(", "))
# A first word that nothing is paid yet says no more than the schedule does, and a new book brings millions of them.
_SPEAKS: Final = f"""
INSERT INTO loans_positionchange ({_WORD})
SELECT {_WORD} FROM new_rows WHERE paid > 0 OR status = 'paid';
RETURN NULL;
"""  # noqa: S608  (nothing of it comes from outside)
# That first word is written down when it is no longer the last one. Figures that were not said before are no change.
_CHANGED: Final = """
FROM old_rows JOIN new_rows USING (id)
WHERE (old_rows.status, old_rows.paid, COALESCE(old_rows.due_on, new_rows.due_on),
       COALESCE(old_rows.total, new_rows.total))
      IS DISTINCT FROM (new_rows.status, new_rows.paid, new_rows.due_on, new_rows.total)
"""
_SPEAKS_AGAIN: Final = f"""
INSERT INTO loans_positionchange ({_WORD})
SELECT {_OF.format(row="old_rows")} {_CHANGED} AND old_rows.status = 'due' AND old_rows.paid = 0
  AND NOT EXISTS (
    SELECT 1 FROM loans_positionchange AS earlier
    WHERE earlier.installment_id = old_rows.installment_id AND earlier.partner_id = old_rows.partner_id);
INSERT INTO loans_positionchange ({_WORD}) SELECT {_OF.format(row="new_rows")} {_CHANGED};
RETURN NULL;
"""  # noqa: S608


class PositionQuerySet(models.QuerySet["Position"]):
    def of_partner(self, partner: Partner) -> Self:
        """What either firm said about the installments of this one's loans."""
        return self.filter(**{f"installment__loan__{partner.kind}": partner})


class Position(models.Model):
    """One partner's word on one installment. Two partners, two positions.

    `told` is the figure that the partner gave, as of `told_at` in the report `told_in`, and None where it gave none;
    `settled_on` is its day of full payment. `due_on` and `total` are the figures of the schedule that it said, None
    where it did not. `paid` and `status` are what its word comes to: for a bank, with what it has booked since, and
    `as_of` and `report` are then those of the booking.
    """

    class Status(models.TextChoices):
        DUE = "due", _("to be paid")
        PAID = "paid", _("paid")

    installment = models.ForeignKey(
        Installment, models.CASCADE, related_name="positions", verbose_name=_("installment")
    )
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="positions", verbose_name=_("partner"))
    status = models.CharField(_("status"), max_length=8, choices=Status)
    paid = money_column(_("paid"))
    told = optional_money_column(_("paid, by its own figure"))
    settled_on = models.DateField(_("settled on"), null=True, blank=True)
    told_at = models.DateTimeField(_("figure as of"), null=True, blank=True)
    told_in = models.ForeignKey(
        Report, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("report of its own figure")
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    total = optional_money_column(_("total"))
    as_of = models.DateTimeField(_("as of"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="positions", verbose_name=_("report"))

    objects = PositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("position")
        verbose_name_plural = _("positions")
        constraints = [
            models.UniqueConstraint(fields=["installment", "partner"], name="position_one_a_partner"),
            models.CheckConstraint(condition=models.Q(paid__gte=0), name="position_paid_not_negative"),
        ]
        triggers: list[pgtrigger.Trigger] = [
            pgtrigger.Trigger(
                name="position_speaks",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),  # type: ignore[no-untyped-call]
                func=_SPEAKS,
            ),
            pgtrigger.Trigger(
                name="position_speaks_again",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                referencing=pgtrigger.Referencing(old="old_rows", new="new_rows"),  # type: ignore[no-untyped-call]
                func=_SPEAKS_AGAIN,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.status}"


class PositionChange(models.Model):
    """One partner's word on one installment as it was said at `as_of`. Append-only; written by the database whenever a
    position is, whoever writes it.

    A first word that nothing is paid yet is not among them until it changes: until then it is the position itself. No
    foreign key is checked: a row is a copy of one that has just been checked.
    """

    installment = models.ForeignKey(Installment, models.PROTECT, related_name="position_changes", db_constraint=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    status = models.CharField(_("status"), max_length=8, choices=Position.Status)
    paid = money_column(_("paid"))
    due_on = models.DateField(_("due"), null=True, blank=True)
    total = models.DecimalField(_("total"), max_digits=18, decimal_places=3, null=True, blank=True)
    as_of = models.DateTimeField(_("as of"))
    report = models.ForeignKey(Report, models.PROTECT, related_name="+", db_index=False, db_constraint=False)

    class Meta:
        verbose_name = _("earlier position")
        verbose_name_plural = _("earlier positions")
        ordering = ["pk"]
        triggers: list[pgtrigger.Trigger] = append_only("position_change")

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.status} #{self.pk}"
