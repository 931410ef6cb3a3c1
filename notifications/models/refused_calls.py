"""Calls to the doors of providers that were refused."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RefusedCalls(models.Model):
    """How many calls of one kind a provider's doors refused on a day (UTC): at least so many, since what a
    process counted in its last two seconds is not written where it was killed. Of the calls nothing is kept.
    """

    class Why(models.TextChoices):
        UNPROVEN = "unproven", _("does not show that the provider calls")
        UNREADABLE = "unreadable", _("not of the provider's form")
        TOO_LONG = "too_long", _("too long")
        METHOD = "method", _("a wrong method")
        REPLAYED = "replayed", _("signed too long ago")

    provider = models.CharField(_("provider"), max_length=16)
    why = models.CharField(_("why"), max_length=16, choices=Why)
    day = models.DateField(_("day"))
    calls = models.PositiveBigIntegerField(_("calls"))
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("refused calls of a provider")
        verbose_name_plural = _("refused calls of providers")
        ordering = ["-day", "provider", "why"]
        constraints = [models.UniqueConstraint(fields=["day", "provider", "why"], name="refused_calls_once_a_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}: {self.why}"
