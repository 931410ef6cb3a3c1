"""What a borrower wrote back by SMS."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from notifications.models.callback import Callback
from notifications.models.delivery import Delivery


class InboundText(models.Model):
    """One text message to us: who it is from, what it means and what was done. Its words are in the callback.

    `fingerprint` is the same when its provider brings it again (`channels.inbound`). Of the rows of one message, about
    each whose number it came from, the first has it; it is empty where nothing tells a repeat.
    """

    class Meaning(models.TextChoices):
        ACKNOWLEDGE = "acknowledge", _("acknowledges")
        STOP = "stop", _("wants no more SMS")
        START = "start", _("wants SMS again")
        OTHER = "other", _("something else")

    callback = models.ForeignKey(
        Callback, models.PROTECT, related_name="texts", db_index=False, verbose_name=_("callback")
    )
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="inbound_texts",
        null=True,
        blank=True,
        verbose_name=_("borrower"),
    )
    meaning = models.CharField(_("meaning"), max_length=12, choices=Meaning)
    outcome = models.CharField(_("what was done"), max_length=40)
    delivery = models.ForeignKey(
        Delivery, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("answers"), db_index=False
    )
    received_at = models.DateTimeField(_("received"))
    provider = models.CharField(_("provider"), max_length=16, blank=True, default="", db_default="")
    fingerprint = models.CharField(_("fingerprint"), max_length=64, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("text message from a borrower")
        verbose_name_plural = _("text messages from borrowers")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "fingerprint"], condition=~Q(fingerprint=""), name="inbound_text_once"
            )
        ]
        indexes = [
            models.Index(fields=["delivery"], condition=Q(delivery__isnull=False), name="inbound_text_answering")
        ]

    def __str__(self) -> str:
        return f"{self.meaning} #{self.pk}"
