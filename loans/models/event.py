"""What became of each event that a partner pushed."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner
from loans.models.report import Report


class EventQuerySet(models.QuerySet["Event"]):
    def waiting(self) -> Self:
        """Those whose loan nobody has told us of yet."""
        return self.filter(status=Event.Status.WAITING)


class Event(models.Model):
    """One event of a report, and its outcome: written with what it changed, in one transaction.

    `place` counts from 0 in the message. `event_id` and `occurred_at` are the partner's own. What the event said is in
    the report's bytes and nowhere else. `bank` is the code of the loan's bank, where the event names one. `code` says
    for programs why it was refused or waits, `reason` for people.
    """

    class Status(models.TextChoices):
        APPLIED = "applied", _("applied")
        UNCHANGED = "unchanged", _("nothing new")
        REFUSED = "refused", _("refused")
        WAITING = "waiting", _("waiting for its loan")
        KEPT = "kept", _("kept; nothing is derived from it")

    report = models.ForeignKey(Report, models.PROTECT, related_name="events", verbose_name=_("report"))
    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="events", db_index=False, verbose_name=_("partner")
    )
    place = models.PositiveIntegerField(_("place in the message"))
    event_id = models.CharField(_("event's id"), max_length=64)
    type = models.CharField(_("type"), max_length=32)
    loan_number = models.CharField(_("loan number"), max_length=64, blank=True)
    bank = models.CharField(_("bank that it names"), max_length=32, blank=True, default="")
    occurred_at = models.DateTimeField(_("occurred"))
    status = models.CharField(_("outcome"), max_length=9, choices=Status)
    code = models.CharField(_("code"), max_length=32, blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    decided_at = models.DateTimeField(_("looked at"))

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner's event")
        verbose_name_plural = _("partners' events")
        ordering = ["report", "place"]
        constraints = [models.UniqueConstraint(fields=["report", "place"], name="event_once_a_place")]
        indexes = [
            models.Index(fields=["loan_number"], condition=Q(status="waiting"), name="event_waiting_for_loan"),
            models.Index(
                fields=["status", "-id"], condition=Q(status__in=["refused", "waiting"]), name="event_not_applied"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
