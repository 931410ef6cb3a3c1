"""A browser in which a person has let us show notices."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    def live(self) -> Self:
        """Those that messages go to, the oldest first."""
        return self.filter(gone_at=None).order_by("pk")


class PushSubscription(models.Model):
    """Where one browser listens, and the keys with which a message is closed to it (RFC 8291).

    A browser has one subscription, whoever is signed in: a later person's takes the place of an earlier one's, so that
    nobody reads on a shared device what another is told. `endpoint` is a secret of the browser and of ours; it is found
    by `fingerprint`, its SHA-256. `p256dh` and `auth` are base64url. `gone_at`: removed by its owner, or called gone by
    its push service. `browser` and `system` are names read from a user agent, empty where it says nothing.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.TextField(_("endpoint"))
    fingerprint = models.CharField(_("fingerprint of the endpoint"), max_length=64, unique=True)
    p256dh = models.CharField(_("public key"), max_length=88)
    auth = models.CharField(_("secret"), max_length=24)
    browser = models.CharField(_("browser"), max_length=24, blank=True)
    system = models.CharField(_("system"), max_length=24, blank=True)
    created_at = models.DateTimeField(_("created"))
    gone_at = models.DateTimeField(_("gone"), null=True, blank=True)
    last_receipt_at = models.DateTimeField(_("last heard of"), null=True, blank=True)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("device with notices")
        verbose_name_plural = _("devices with notices")

    def __str__(self) -> str:
        return f"#{self.pk} {self.label}"

    @property
    def label(self) -> str:
        """ "Chrome on Android", in the active language."""
        if self.browser and self.system:
            return gettext("%(browser)s on %(system)s") % {"browser": self.browser, "system": self.system}
        return self.browser or self.system or gettext("a browser")
