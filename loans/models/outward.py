"""What partners are told, and whether they took it."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only
from loans.models.endpoint import Endpoint
from loans.models.loan import Loan
from loans.models.partner import Partner


class OutwardEventQuerySet(models.QuerySet["OutwardEvent"]):
    def of(self, partner_id: int) -> Self:
        """The events of one partner: the only way its interface may look one up."""
        return self.filter(partner_id=partner_id)

    def between(self, after: int, until: int) -> Self:
        """Those whose ids lie above `after` and not above `until`, in their order."""
        return self.filter(pk__gt=after, pk__lte=until).order_by("pk")


class OutwardEvent(models.Model):
    """One fact that one partner is told: its id is the cursor to ask by. Append-only.

    `subject` names what it is about ("prompt:17"): with `kind`, a fact is told once. `data` is JSON without any
    contact, name or wording.
    """

    class Kind(models.TextChoices):
        PROMPT_DELIVERED = "prompt.delivered", _("a prompt was delivered")
        PROMPT_ACKNOWLEDGED = "prompt.acknowledged", _("a prompt was acknowledged")
        PROMPT_DUE_TO_SEND = "prompt.due_to_send", _("a prompt is to be sent by a firm")
        PROMPT_WITHDRAWN = "prompt.withdrawn", _("a prompt need not be sent by a firm any more")
        PROMPT_TAKEN_OVER = "prompt.taken_over", _("a prompt was not sent in time")
        BORROWER_UNREACHABLE = "borrower.unreachable", _("no channel reached the borrower")
        PAYMENT_SETTLED = "payment.settled", _("a payment was booked")
        PAYMENT_RETURNED = "payment.returned", _("a payment was returned")
        DISCREPANCY_OPENED = "discrepancy.opened", _("the firms disagree")
        DISCREPANCY_CLOSED = "discrepancy.closed", _("the firms agree again")
        DISPUTE_OPENED = "dispute.opened", _("a dispute was opened")
        DISPUTE_DECIDED = "dispute.decided", _("a dispute was decided")

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False, verbose_name=_("partner"))
    loan = models.ForeignKey(Loan, models.PROTECT, related_name="outward_events", verbose_name=_("loan"))
    kind = models.CharField(_("kind"), max_length=32, choices=Kind)
    subject = models.CharField(_("about"), max_length=64)
    data = models.JSONField(_("details"))
    occurred_at = models.DateTimeField(_("happened"))

    objects = OutwardEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event for a partner")
        verbose_name_plural = _("events for partners")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "kind", "subject"], name="outward_event_once_a_partner")
        ]
        indexes = [models.Index(fields=["partner", "id"], name="outward_event_cursor")]
        triggers = append_only("outward_event")

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class OutwardDeliveryQuerySet(models.QuerySet["OutwardDelivery"]):
    def dead(self) -> Self:
        return self.filter(status=OutwardDelivery.Status.DEAD)

    def late(self, now: datetime) -> Self:
        """Those that should have been posted by now to endpoints that are on."""
        waiting = self.filter(status=OutwardDelivery.Status.WAITING, next_attempt_at__lte=now)
        return waiting.filter(endpoint__disabled_at=None)


class OutwardDelivery(models.Model):
    """One event on its way to one endpoint. `answered` is the last HTTP status, None where there was no answer.

    `claimed_by` is the key of the advisory lock that its worker holds while it lives.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        DELIVERED = "delivered", _("taken")
        DEAD = "dead", _("given up")

    event = models.ForeignKey(OutwardEvent, models.PROTECT, related_name="deliveries", verbose_name=_("event"))
    endpoint = models.ForeignKey(
        Endpoint, models.PROTECT, related_name="deliveries", db_index=False, verbose_name=_("endpoint")
    )
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    claimed_by = models.BigIntegerField(_("worker's lock"), null=True, blank=True)
    answered = models.PositiveSmallIntegerField(_("last answer"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True, db_default="")
    delivered_at = models.DateTimeField(_("taken at"), null=True, blank=True)

    objects = OutwardDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("event on its way")
        verbose_name_plural = _("events on their way")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="outward_delivery_once_an_endpoint"),
            models.CheckConstraint(
                condition=~Q(status="delivered") | Q(delivered_at__isnull=False), name="outward_delivery_delivered_when"
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_attempt_at", "id"],
                condition=Q(status="waiting"),
                name="outward_delivery_claimable",
            ),
            models.Index(fields=["claimed_at"], condition=Q(status="sending"), name="outward_delivery_sending"),
            models.Index(F("id").desc(), condition=Q(status="dead"), name="outward_delivery_dead"),
        ]

    def __str__(self) -> str:
        return f"#{self.event_id}"
