"""How the sweeps that beat asks for have ended."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sweep(models.Model):
    """One sweep of CELERY_BEAT_SCHEDULE, by its name there: when it last ended well, and when it last failed.

    `why` is the name of the fault, never its text. A time may be ten seconds older than the last end.
    """

    name = models.CharField(_("sweep"), max_length=64, primary_key=True)
    ended_at = models.DateTimeField(_("ended well"), null=True, blank=True)
    failed_at = models.DateTimeField(_("failed"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")

    def __str__(self) -> str:
        return self.name
