"""Which channels a person wants."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.delivery import Delivery


class Preference(models.Model):
    """A channel switched off or on by its owner; without a row a channel is on.

    `place` is where the person wants it in the order of telling, 1 first; without one the ladder's own order holds.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="preferences", verbose_name=_("person")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Delivery.Channel)
    enabled = models.BooleanField(_("on"))
    place = models.PositiveSmallIntegerField(_("place in the order"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [models.UniqueConstraint(fields=["user", "channel"], name="preference_one_a_channel")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.enabled}"
