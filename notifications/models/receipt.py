"""What a provider says about a delivery."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only
from notifications.models.callback import Callback
from notifications.models.delivery import Delivery


class Receipt(models.Model):
    """A provider's word, kept even when it moves nothing: with the raw callback it is the evidence, a delivery's status
    the summary.

    `kind` is our word, `provider_word` theirs; a word that is not known is stored as `unknown`, never guessed.

    No foreign key is checked when a row is written: what it names has just been read. That it stays there is kept from
    the other side, by triggers that refuse to delete it.
    """

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("not delivered")
        DELAYED = "delayed", _("delayed")
        SEEN = "seen", _("seen")
        UNKNOWN = "unknown", _("unknown")

    delivery = models.ForeignKey(
        Delivery,
        models.PROTECT,
        related_name="receipts",
        null=True,
        blank=True,
        db_constraint=False,
        verbose_name=_("delivery"),
    )
    callback = models.ForeignKey(
        Callback,
        models.PROTECT,
        related_name="receipts",
        db_index=False,
        db_constraint=False,
        verbose_name=_("callback"),
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Delivery.Channel)
    provider = models.CharField(_("provider"), max_length=16)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    provider_word = models.CharField(_("provider's word"), max_length=64, blank=True)
    provider_reference = models.CharField(_("provider's reference"), max_length=120, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    moved = models.BooleanField(_("changed the state"))
    occurred_at = models.DateTimeField(_("occurred, as the provider says"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["pk"]
        triggers: list[pgtrigger.Trigger] = append_only("receipt")

    def __str__(self) -> str:
        return f"{self.channel} {self.kind} #{self.pk}"
