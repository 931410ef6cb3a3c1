"""One attempt to tell a prompt, on one channel, to one contact point."""

from datetime import datetime
from typing import Self

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint
from loans.models.append_only import never_deleted
from notifications.models.prompt import Prompt


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def claimable(self, channel: str, now: datetime) -> Self:
        """What `channel` should have been handed by `now`."""
        return self.filter(
            channel=channel, status__in=[Delivery.Status.QUEUED, Delivery.Status.RETRYING], next_attempt_at__lte=now
        )

    def refused(self) -> Self:
        """To be tried again, and surely taken by nobody so far: only what its reader gets once, however often it is
        sent, is tried again where that is in doubt (`registry.may_go_again`).
        """
        return self.filter(status=Delivery.Status.RETRYING, channel__in=Delivery.SENT_ONCE)

    def stuck(self, before: datetime) -> Self:
        """Claimed before `before` and never recorded: the worker died in between."""
        return self.filter(status=Delivery.Status.SENDING, claimed_at__lt=before)

    def with_acceptance(self) -> Self:
        """Each with `accepted`: how many receipts say that a further system took it."""
        return self.annotate(accepted=models.Count("receipts", filter=Q(receipts__kind="accepted")))

    def silent(self, channel: str, before: datetime) -> Self:
        """Sent on `channel` before `before` and without a receipt since. Nobody reports of what lies in the portal."""
        sent = self.filter(channel=channel, status=Delivery.Status.SENT, sent_at__lt=before)
        return sent.exclude(channel=Delivery.Channel.IN_APP)


class Delivery(models.Model):
    """One telling. `notifications.states` is the only writer of `status`; its docstring draws the machine.

    `address` is where it went, kept as it was; `facts` is what the wording was filled with, `wording` its version:
    the two together say what the borrower was told. `rung` counts the tellings of a prompt on the ladder;
    `ordinal` tells apart two on one channel (a re-send by an agent). `held_by` is the rule of a policy that moved it to
    a later moment. `claimed_by` is the key of the advisory lock that its worker holds while it lives; `handed_at` is
    written before the provider is asked: without it nothing was handed over.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("email")
        SMS = "sms", _("SMS")
        IN_APP = "in_app", _("message in the portal")
        PUSH = "push", _("message on the device")
        VOICE = "voice", _("phone call")

    class Status(models.TextChoices):
        QUEUED = "queued", _("planned")
        SENDING = "sending", _("being handed over")
        RETRYING = "retrying", _("to be tried again")
        SENT = "sent", _("handed over")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("not delivered")
        UNCONFIRMED = "unconfirmed", _("unconfirmed")
        CANCELLED = "cancelled", _("not sent: not needed any more")

    SENT_ONCE = (Channel.SMS, Channel.VOICE)
    """Never handed over again where it may have been taken."""

    prompt = models.ForeignKey(
        Prompt, models.PROTECT, related_name="deliveries", db_index=False, db_constraint=False, verbose_name=_("prompt")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    contact_point = models.ForeignKey(
        ContactPoint,
        models.SET_NULL,
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        verbose_name=_("contact point"),
    )
    address = models.CharField(_("address"), max_length=254, blank=True)
    rung = models.SmallIntegerField(_("rung of the ladder"), default=0)
    ordinal = models.PositiveSmallIntegerField(_("ordinal"), default=0)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.QUEUED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    held_by = models.CharField(_("held by the rule"), max_length=80, blank=True)
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    claimed_by = models.BigIntegerField(_("worker's lock"), null=True, blank=True)
    handed_at = models.DateTimeField(_("hand-over begun"), null=True, blank=True)
    provider = models.CharField(_("provider"), max_length=16, blank=True)
    sent_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    provider_reference = models.CharField(_("provider's reference"), max_length=120, blank=True)
    facts = models.JSONField(_("facts as told"), null=True, blank=True)
    wording = models.CharField(_("wording"), max_length=64, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "channel", "ordinal"], name="delivery_once_a_channel"),
            models.CheckConstraint(
                condition=~Q(status="delivered") | Q(delivered_at__isnull=False), name="delivery_delivered_when"
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "next_attempt_at"],
                condition=Q(status__in=["queued", "retrying"]),
                name="delivery_claimable",
            ),
            # Few, and asked for by themselves where another provider is to try them.
            models.Index(
                fields=["channel", "next_attempt_at"], condition=Q(status="retrying"), name="delivery_retrying"
            ),
            models.Index(fields=["claimed_at"], condition=Q(status="sending"), name="delivery_sending"),
            # A provider that makes so many calls a second is given no more: asked for with each claim.
            models.Index(fields=["handed_at"], condition=Q(channel="voice"), name="delivery_called"),
            # What lies unopened in the portal stays sent for good, and is most of all that was ever sent.
            models.Index(
                fields=["channel", "sent_at"],
                condition=Q(status="sent") & ~Q(channel="in_app"),
                name="delivery_silent",
            ),
            # What was sent lately lies together; a block range costs next to nothing to keep.
            BrinIndex(fields=["sent_at"], autosummarize=True, pages_per_range=32, name="delivery_sent_lately"),
        ]
        triggers: list[pgtrigger.Trigger] = [never_deleted("delivery")]

    def __str__(self) -> str:
        return f"{self.channel} #{self.pk}"

    @property
    def was_refused(self) -> bool:
        """As `DeliveryQuerySet.refused`."""
        return self.status == self.Status.RETRYING and self.channel in self.SENT_ONCE
