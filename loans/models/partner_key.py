"""The secrets with which a partner signs what it sends."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner


class PartnerKeyQuerySet(models.QuerySet["PartnerKey"]):
    def valid_at(self, now: datetime) -> Self:
        """Those that count at `now`, the newest first."""
        ended = Q(valid_until__isnull=False, valid_until__lte=now)
        return self.filter(valid_from__lte=now).exclude(ended).order_by("-valid_from", "-pk")


class PartnerKey(models.Model):
    """One secret of a partner's. Several may be valid at once, so that one takes another's place without a gap.

    `secret` is encrypted (loans.encryption); it was shown once, when it was made. `prefix` is its beginning, by which
    people tell keys apart. It counts from `valid_from` until just before `valid_until`, if there is one.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="keys")
    prefix = models.CharField(_("begins with"), max_length=12)
    secret = models.TextField(_("secret"), editable=False)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = PartnerKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner's key")
        verbose_name_plural = _("partners' keys")
        ordering = ["-valid_from", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="partner_key_from_before_until",
            )
        ]
        indexes = [models.Index(fields=["partner", "-valid_from"], name="partner_key_of_partner")]

    def __str__(self) -> str:
        return f"{self.prefix}…"
