"""What a person agreed to, or took back."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Consent(models.Model):
    """One word of a person on being told by a channel: what they were shown, when, and where they said it.

    Append-only: the last one holds. `wording` is the version of the text that they saw, or the word that they sent.
    Of what a provider was told, `at` is when we learned of it: when it refused a message. `address` is the number from
    which it was said, E.164; empty where it was said elsewhere, or before numbers were kept.
    """

    class Source(models.TextChoices):
        PAGE = "page", _("on the preferences page")
        REPLY = "reply", _("by SMS")
        AGENT = "agent", _("told an agent")
        PROVIDER = "provider", _("told the firm that carries our messages")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=8)
    given = models.BooleanField(_("agreed"))
    source = models.CharField(_("where"), max_length=8, choices=Source)
    wording = models.CharField(_("text shown"), max_length=64)
    address = models.CharField(_("address"), max_length=254, blank=True, default="", db_default="")
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-pk"]
        triggers = [pgtrigger.Protect(name="consent_stays", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.channel}: {self.given}"
