"""Where the two firms of a loan do not say the same of an installment: since when, who has to follow, until when."""

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only
from loans.models.loan import Installment
from loans.models.partner import Partner


class DifferenceQuerySet(models.QuerySet["Difference"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)


class Difference(models.Model):
    """From the first word of one firm (`since`) to the agreement of the other (`ended_at`), both UTC.

    `follower` is the firm that has to say the same: the bank where only the platform saw money, else the platform. A
    difference that lasts longer than the follower's `consistency_goal` becomes a `Discrepancy`. How much is paid is one
    difference whatever its kind is at the moment; the schedule is another.
    """

    class Kind(models.TextChoices):
        PLATFORM_ONLY = "platform_only", _("paid at the platform only")
        BANK_ONLY = "bank_only", _("paid at the bank only")
        AMOUNTS = "amounts", _("the amounts paid differ")
        SCHEDULE = "schedule", _("the schedules differ")

    installment = models.ForeignKey(
        Installment, models.PROTECT, related_name="differences", verbose_name=_("installment")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    bank = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False, verbose_name=_("bank"))
    platform = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False, verbose_name=_("platform"))
    follower = models.ForeignKey(
        Partner, models.PROTECT, related_name="+", db_index=False, verbose_name=_("who has to follow")
    )
    since = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("agreed"), null=True, blank=True)

    objects = DifferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["installment"],
                condition=Q(ended_at=None) & ~Q(kind="schedule"),
                name="difference_money_open_once",
            ),
            models.UniqueConstraint(
                fields=["installment"],
                condition=Q(ended_at=None, kind="schedule"),
                name="difference_schedule_open_once",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("since")), name="difference_ends_after_it_began"
            ),
        ]
        indexes = [
            models.Index(fields=["since"], condition=Q(ended_at=None), name="difference_open"),
            models.Index(fields=["ended_at"], condition=Q(ended_at__isnull=False), name="difference_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class DiscrepancyQuerySet(models.QuerySet["Discrepancy"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class Discrepancy(models.Model):
    """A difference that lasted longer than allowed: somebody has to see to it before `due_by` (UTC).

    On our side `holder` does, on the firms' sides the people named with them. It closes by itself when the firms agree,
    or by an agent's hand with a reason; what was closed by hand is not opened again for the same difference.
    """

    difference = models.OneToOneField(
        Difference, models.PROTECT, related_name="discrepancy", verbose_name=_("difference")
    )
    opened_at = models.DateTimeField(_("opened"))
    due_by = models.DateTimeField(_("act by"))
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="discrepancies",
        null=True,
        blank=True,
        verbose_name=_("with"),
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = DiscrepancyQuerySet.as_manager()

    class Meta:
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        ordering = ["due_by", "pk"]
        indexes = [models.Index(fields=["due_by", "id"], condition=Q(closed_at=None), name="discrepancy_open")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class DiscrepancyEntry(models.Model):
    """One thing that happened to a discrepancy. Append-only. `by` is None where the sweep did it."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened: they differ for too long")
        TAKEN = "taken", _("taken")
        NOTED = "noted", _("noted")
        CLOSED = "closed", _("closed by hand")
        AGREED = "agreed", _("closed: the firms agree")

    discrepancy = models.ForeignKey(Discrepancy, models.PROTECT, related_name="entries")
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    words = models.TextField(_("words"), max_length=2000, blank=True)

    class Meta:
        verbose_name = _("entry of a discrepancy")
        verbose_name_plural = _("entries of discrepancies")
        ordering = ["pk"]
        triggers: list[pgtrigger.Trigger] = append_only("discrepancy_entry")

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
