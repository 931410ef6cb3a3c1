"""The record of what happened."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only


class NoticeEvent(models.Model):
    """One fact about telling a borrower, written in the transaction that made it. Append-only.

    Ids are plain numbers: a row here outlives what it speaks of, and partitions by month need no foreign key.
    """

    class Kind(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENT = "sent", _("handed over")
        RETRYING = "retrying", _("to be tried again")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("not delivered")
        UNCONFIRMED = "unconfirmed", _("unconfirmed")
        CONFLICT = "conflict", _("receipts contradict each other")
        SEEN = "seen", _("seen")
        MOVED = "moved", _("moved to another channel")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        ESCALATED = "escalated", _("handed to a person")
        CANCELLED = "cancelled", _("not needed any more")
        SKIPPED = "skipped", _("overtaken by a later stage")
        HELD = "held", _("held by a rule")
        RESENT = "resent", _("sent again by an agent")
        TASK_DONE = "task_done", _("a person acted")
        TRIED = "tried", _("tried, not reached")
        REVEALED = "revealed", _("address shown to an agent")
        PREFERENCE = "preference", _("channel switched")
        LAW = "law", _("law that holds for them")
        REPLIED = "replied", _("answered by SMS")
        WROTE = "wrote", _("wrote a text message for a person to read")
        TEXT_READ = "text_read", _("a person read what they wrote")
        FIRM_TOLD = "firm_told", _("told by a firm, as it says")
        FIRM_FAILED = "firm_failed", _("nobody reached by a firm, as it says")
        PASSED_ON = "passed_on", _("the other firm's turn")
        TAKEN_OVER = "taken_over", _("taken over by the portal")

    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False, verbose_name=_("borrower")
    )
    installment_id = models.BigIntegerField(_("installment"), null=True, blank=True)
    prompt_id = models.BigIntegerField(_("prompt"), null=True, blank=True)
    delivery_id = models.BigIntegerField(_("delivery"), null=True, blank=True)
    actor_id = models.BigIntegerField(_("agent"), null=True, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["pk"]
        triggers: list[pgtrigger.Trigger] = append_only("notice_event")

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
