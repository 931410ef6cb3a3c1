"""A time in which a firm cannot take or show payments, and which installments it touches."""

from datetime import datetime, timedelta
from typing import Final, Self

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from loans.models.loan import Installment
from loans.models.partner import Partner

LONGEST_GRACE: Final = 7 * 24
"""Hours: nothing is demanded meanwhile, so one nought too many would silence a firm's demands for months."""
UNTIL_SETTLED: Final = timedelta(minutes=5)
"""Who lists what an outage touches goes by the moment at which they began, and may be at it for two minutes."""


_GRACE: Final = ExpressionWrapper(F("grace_hours") * Value(timedelta(hours=1)), models.DurationField())


class OutageQuerySet(models.QuerySet["Outage"]):
    def not_over(self, now: datetime) -> Self:
        """Those that last at `now` or are still to come. One that was called off before its start has no length."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=Greatest(F("starts_at"), now)))

    def to_extend(self, now: datetime) -> Self:
        """Those that are not over, and those that are over while their grace is not, of which nobody has seen since
        that all are listed: one may be declared afterwards, or end before anybody looks.
        """
        still_holding = Q(ends_at__gt=F("starts_at")) & Q(ends_at__gt=Value(now) - _GRACE)
        not_listed = Q(listed_at=None) | Q(listed_at__lt=F("ends_at"))
        return self.not_over(now) | self.filter(still_holding & not_listed)

    def lifted(self, now: datetime) -> Self:
        """Those whose grace is over, so that nobody lists anything any more, of which nobody has seen that yet."""
        return self.filter(lifted_at=None, ends_at__lte=Value(now - UNTIL_SETTLED) - _GRACE)

    def in_force(self, now: datetime) -> Self:
        return self.not_over(now).filter(starts_at__lte=now)


class Outage(models.Model):
    """Loans that `partner` funds or sold are touched; an empty `counterpart`, `product` or `currency` fits all of them.

    Times are UTC; without `ends_at` it lasts until somebody ends it. `grace_hours` is how long its borrowers have to
    pay afterwards before anything is demanded. `declared_by` is None where the partner declared it itself, by its own
    number `reference`. `listed_at` is when a look found nobody more whom it touches, `lifted_at` when one
    saw that its grace was over.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="outages", verbose_name=_("partner"))
    counterpart = models.ForeignKey(
        Partner, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("only with this other firm")
    )
    product = models.CharField(_("product"), max_length=120, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    grace_hours = models.PositiveSmallIntegerField(
        _("hours to pay afterwards"), default=24, validators=[MaxValueValidator(LONGEST_GRACE)]
    )
    reference = models.CharField(_("partner's own number"), max_length=64, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    declared_at = models.DateTimeField(_("declared"))
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("declared by")
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("ended by")
    )

    listed_at = models.DateTimeField(null=True, blank=True, editable=False)
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = OutageQuerySet.as_manager()

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "reference"], condition=~Q(reference=""), name="outage_once_a_reference"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="outage_has_a_reason"),
            models.CheckConstraint(condition=Q(currency__regex=r"^([A-Z]{3})?$"), name="outage_currency_iso4217"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gte=F("starts_at")), name="outage_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def held_until(self) -> datetime | None:
        """Until when nothing is demanded of those whom it touches, UTC; None while its end is not known."""
        return self.ends_at + timedelta(hours=self.grace_hours) if self.ends_at else None


class OutageHoldQuerySet(models.QuerySet["OutageHold"]):
    def in_force(self, now: datetime) -> Self:
        return self.filter(Q(held_until=None) | Q(held_until__gt=now))

    def of(self, borrower_id: int) -> Self:
        """What one borrower is touched by and has not paid."""
        unpaid = [Installment.State.OPEN, Installment.State.AWAITING_BANK]
        return self.filter(installment__loan__borrower_id=borrower_id, installment__state__in=unpaid)


class OutageHold(models.Model):
    """One installment that an outage touches. Until `held_until` (UTC; None: until the outage ends) it is not told as
    overdue, and no notice of an adverse report is given about it.
    """

    outage = models.ForeignKey(Outage, models.PROTECT, related_name="holds", db_index=False, verbose_name=_("outage"))
    installment = models.ForeignKey(
        Installment, models.PROTECT, related_name="outage_holds", verbose_name=_("installment")
    )
    since = models.DateTimeField(_("since"))
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)

    objects = OutageHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("installment touched by an outage")
        verbose_name_plural = _("installments touched by outages")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["outage", "installment"], name="outage_hold_once")]

    def __str__(self) -> str:
        return f"{self.outage_id}: {self.installment_id}"
