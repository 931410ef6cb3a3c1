"""Who has to send a prompt: the portal, or a firm until its time is over."""

from datetime import datetime
from typing import Final, Self

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loans.models import Loan, Partner
from loans.models.append_only import append_only

LONGEST_HOURS: Final = 12
"""What a firm may take at most: planned at eight in the morning, the portal can still send on the same day."""


class Sender(models.TextChoices):
    PORTAL = "portal", _("the portal")
    BANK = "bank", _("the bank")
    PLATFORM = "platform", _("the platform")


class ResponsibilityQuerySet(models.QuerySet["Responsibility"]):
    def in_force(self, now: datetime) -> Self:
        """Those that have begun; of two that fit alike, the later one holds."""
        return self.filter(valid_from__lte=now)


class Responsibility(models.Model):
    """From `valid_from` (UTC) on, who sends prompts about one loan, or about the loans of a bank, a platform or both.

    An empty `product` or `kind` fits all of them. `responsible` has `hours` from the moment at which a prompt is to be
    told to report it sent, then the other firm, if it is the `backup`, has `backup_hours`, then the portal sends.

    A rule is never changed or removed: one with a later `valid_from` takes its place, so that it can be seen what held
    on any day. `notifications.responsibility` says which of several holds.
    """

    class Kind(models.TextChoices):
        UPCOMING = "upcoming", _("payment coming up")
        OVERDUE = "overdue", _("payment overdue")

    loan = models.ForeignKey(Loan, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("loan"))
    bank = models.ForeignKey(
        Partner,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        limit_choices_to={"kind": Partner.Kind.BANK},
        verbose_name=_("bank"),
    )
    platform = models.ForeignKey(
        Partner,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        limit_choices_to={"kind": Partner.Kind.PLATFORM},
        verbose_name=_("platform"),
    )
    product = models.CharField(_("product"), max_length=120, blank=True)
    kind = models.CharField(_("kind of prompt"), max_length=20, choices=Kind, blank=True)
    responsible = models.CharField(_("who must send"), max_length=8, choices=Sender)
    hours = models.PositiveSmallIntegerField(
        _("hours to report it sent"),
        default=4,
        validators=[MaxValueValidator(LONGEST_HOURS)],
        help_text=_("From the moment at which the prompt is to be told; 0 for the portal."),
    )
    backup = models.CharField(_("who sends if it does not"), max_length=8, choices=Sender, default=Sender.PORTAL)
    backup_hours = models.PositiveSmallIntegerField(
        _("hours of the other firm"),
        default=0,
        validators=[MaxValueValidator(LONGEST_HOURS)],
        help_text=_("Where the other firm comes before the portal; else 0."),
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, editable=False, verbose_name=_("made by")
    )

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        verbose_name = _("responsibility")
        verbose_name_plural = _("responsibilities")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(loan__isnull=False, bank=None, platform=None, product="")
                | Q(loan=None) & (Q(bank__isnull=False) | Q(platform__isnull=False)),
                name="responsibility_for_a_loan_or_a_firm",
                violation_error_message=_("Name one loan and nothing else, or a bank, a platform or both."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["", "upcoming", "overdue"]), name="responsibility_kind_that_firms_report"
            ),
            models.CheckConstraint(
                condition=Q(responsible="portal", backup="portal")
                | Q(responsible__in=["bank", "platform"]) & ~Q(backup=F("responsible")),
                name="responsibility_backup_is_another",
                violation_error_message=_("The backup is the portal, or the firm that is not responsible."),
            ),
            models.CheckConstraint(
                condition=Q(responsible="portal", hours=0)
                | ~Q(responsible="portal") & Q(hours__gte=1, hours__lte=LONGEST_HOURS),
                name="responsibility_hours",
                violation_error_message=_("A firm has 1 to 12 hours, the portal none."),
            ),
            models.CheckConstraint(
                condition=Q(backup="portal", backup_hours=0)
                | Q(backup__in=["bank", "platform"], backup_hours__gte=1, backup_hours__lte=LONGEST_HOURS),
                name="responsibility_backup_hours",
                violation_error_message=_("The other firm has 1 to 12 hours; without it there are none."),
            ),
        ]
        triggers: list[pgtrigger.Trigger] = append_only("responsibility")

    def __str__(self) -> str:
        return f"#{self.pk}"
