"""A firm on the other side."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Partner(models.Model):
    """A bank or a platform. `code` names it in files and commands; `how_to_pay` is shown to borrowers as it is."""

    class Kind(models.TextChoices):
        BANK = "bank", _("bank")
        PLATFORM = "platform", _("platform")

    code = models.SlugField(_("code"), max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("phone for borrowers"), max_length=32, blank=True)
    website = models.URLField(_("website"), blank=True)
    how_to_pay = models.TextField(_("how to pay"), blank=True)
    usual_lag_days = models.PositiveSmallIntegerField(
        _("usual lag in days"),
        default=1,
        help_text=_("How many days this firm usually takes to show a payment that the other firm has seen."),
    )
    hears_events = models.BooleanField(
        _("is told what happens"),
        default=False,
        db_default=False,
        help_text=_("Events about its loans are written for it from the day on which this is set."),
    )
    events_per_minute = models.PositiveIntegerField(
        _("events a minute"),
        default=6_000,
        help_text=_("How many events this firm may push in a minute; what is above is told to come again later."),
    )

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")

    def __str__(self) -> str:
        return self.name
