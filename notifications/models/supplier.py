"""How a provider is doing."""

from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _


class Supplier(models.Model):
    """One provider behind a channel. While `paused_until` is ahead, another one of its channel is asked first.

    `strikes` counts the pauses in a row: each lasts twice as long as the one before. `not_taken` has the people of
    whose messages it took none since it last took anybody's: their ids, each with a Unix time.
    `arrivals_at` is when it last said of most messages that they arrived, to within an hour.
    """

    name = models.CharField(_("provider"), max_length=16, unique=True)
    paused_until = models.DateTimeField(_("passed over until"), null=True, blank=True)
    strikes = models.PositiveSmallIntegerField(_("pauses in a row"), default=0)
    why = models.CharField(_("why"), max_length=200, blank=True)
    not_taken = models.JSONField(
        _("people in a row not taken"), default=dict, db_default=Value({}, models.JSONField()), blank=True
    )
    arrivals_at = models.DateTimeField(_("said of most that they arrived"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")

    def __str__(self) -> str:
        return self.name
