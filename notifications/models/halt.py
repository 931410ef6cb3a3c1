"""The operator's kill switch."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models import Partner
from notifications.models.delivery import Delivery
from notifications.models.prompt import Prompt


class HaltQuerySet(models.QuerySet["Halt"]):
    def in_force(self) -> Self:
        return self.filter(ended_at=None)


class Halt(models.Model):
    """Nothing that fits it is handed over while it is in force; what waits goes out, or is overtaken, afterwards.

    An empty `channel`, `kind` or `partner` fits all of them. `partner` fits the loans that it funds or sold.
    """

    channel = models.CharField(_("channel"), max_length=8, choices=Delivery.Channel, blank=True)
    kind = models.CharField(_("kind of prompt"), max_length=20, choices=Prompt.Kind, blank=True)
    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="halts", null=True, blank=True, verbose_name=_("partner")
    )
    reason = models.CharField(_("reason"), max_length=200)
    since = models.DateTimeField(_("since"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("halted by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("lifted by")
    )

    objects = HaltQuerySet.as_manager()

    class Meta:
        verbose_name = _("halt")
        verbose_name_plural = _("halts")
        ordering = ["-since", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="halt_has_a_reason")]

    def __str__(self) -> str:
        return f"#{self.pk}"
