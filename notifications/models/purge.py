"""The record of history that was removed."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only


class Purge(models.Model):
    """History from before a month that was removed, and how many rows of it. Append-only.

    `last_event_id` is the last event that is gone; every event up to it is. The seals up to `last_seal_id` stay and
    still chain, but nothing is left to recompute them from. Both are empty where no event could go.
    """

    before = models.DateField(_("before"))
    purged_at = models.DateTimeField(_("removed"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True)
    prompts = models.PositiveBigIntegerField(_("prompts"))
    deliveries = models.PositiveBigIntegerField(_("deliveries"))
    receipts = models.PositiveBigIntegerField(_("receipts"))
    events = models.PositiveBigIntegerField(_("events"))
    last_event_id = models.BigIntegerField(_("last event"), null=True, blank=True)
    last_seal_id = models.BigIntegerField(_("last seal"), null=True, blank=True)

    class Meta:
        verbose_name = _("removal of history")
        verbose_name_plural = _("removals of history")
        ordering = ["pk"]
        triggers: list[pgtrigger.Trigger] = append_only("purge")

    def __str__(self) -> str:
        return f"{self.before:%Y-%m} #{self.pk}"
