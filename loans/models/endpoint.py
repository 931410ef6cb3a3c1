"""Where a partner is told what happens."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def active(self) -> Self:
        return self.filter(disabled_at=None)


class Endpoint(models.Model):
    """An address of a partner that events are posted to; `disabled_because` says why nothing is any more.

    After failures in a row it rests until `resting_until`, longer with each of its `strikes`.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="endpoints", verbose_name=_("partner"))
    url = models.CharField(_("address"), max_length=500)
    made_at = models.DateTimeField(_("made"))
    disabled_at = models.DateTimeField(_("switched off"), null=True, blank=True)
    disabled_because = models.CharField(_("why it is off"), max_length=120, blank=True)
    resting_until = models.DateTimeField(_("rests until"), null=True, blank=True)
    strikes = models.PositiveSmallIntegerField(_("failures in a row"), default=0)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "url"], name="endpoint_once_a_partner"),
            models.CheckConstraint(
                condition=Q(disabled_at=None, disabled_because="") | Q(disabled_at__isnull=False),
                name="endpoint_disabled_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} #{self.pk}"


class EndpointSecretQuerySet(models.QuerySet["EndpointSecret"]):
    def valid(self, now: datetime) -> Self:
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=now))


class EndpointSecret(models.Model):
    """A secret with which posts to an endpoint are signed, encrypted. While two are valid, both sign."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="secrets")
    concealed = models.TextField(_("encrypted secret"))
    made_at = models.DateTimeField(_("made"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = EndpointSecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("endpoint secret")
        verbose_name_plural = _("endpoint secrets")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"
