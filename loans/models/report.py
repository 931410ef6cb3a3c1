"""One message from a partner, stored as it came."""

from collections.abc import Iterator

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import refuse_truncate
from loans.models.file_key import FileKey
from loans.models.partner import Partner


class Report(models.Model):
    """A partner's file or message: raw bytes first, then what became of them.

    The bytes are `content` and then those of its `parts` in order; `raw` hands them out piece by piece. `signed_by` is
    the key whose signature came with them, over all of them.
    The same bytes from the same partner are one report; of pushed messages it is those of the same `message_id`, by
    which their sender knows them again. `headers` are those that prove who sent it. What was received never changes;
    only the summary of applying it (`status`, the counts, `refusals`) does.
    """

    class Kind(models.TextChoices):
        LOANS = "loans", _("loans and schedules")
        STATEMENT = "statement", _("bank statement")
        EVENTS = "events", _("pushed events")

    class Status(models.TextChoices):
        RECEIVED = "received", _("received, not applied yet")
        APPLIED = "applied", _("applied")
        PARTLY = "partly", _("applied in part")
        REFUSED = "refused", _("refused")

    partner = models.ForeignKey(
        Partner, models.PROTECT, related_name="reports", db_index=False, verbose_name=_("partner")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    name = models.CharField(_("name"), max_length=255)
    content = models.BinaryField(_("raw bytes"))
    digest = models.CharField(_("SHA-256"), max_length=64)
    message_id = models.CharField(_("message id"), max_length=128, blank=True, default="")
    headers = models.JSONField(_("signature"), default=dict, blank=True)
    received_at = models.DateTimeField(_("received"))
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.RECEIVED)
    applied = models.PositiveIntegerField(_("records applied"), default=0)
    unchanged = models.PositiveIntegerField(_("records without news"), default=0)
    unmatched = models.PositiveIntegerField(_("records unmatched"), default=0)
    waiting_count = models.PositiveIntegerField(_("records that wait for their loan"), default=0)
    refusals = models.JSONField(_("refusals"), default=list, blank=True)
    remarks = models.JSONField(_("remarks"), default=list, blank=True)
    signed_by = models.ForeignKey(
        FileKey, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("signed by")
    )
    signature = models.BinaryField(_("signature"), null=True, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-received_at", "-pk"]
        permissions = [
            ("download_report", _("Can download the raw bytes of a report")),
            ("upload_report", _("Can upload a partner's file")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "kind", "digest"], condition=~Q(kind="events"), name="report_once"
            ),
            models.UniqueConstraint(
                fields=["partner", "message_id"], condition=Q(kind="events"), name="report_once_a_message"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(kind="events", status="received"), name="report_events_waiting"),
            models.Index(fields=["partner", "kind", "-received_at"], name="report_last_heard"),
        ]
        triggers = [
            pgtrigger.Protect(name="report_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="report_raw_stays",
                operation=pgtrigger.UpdateOf(  # type: ignore[no-untyped-call]
                    "content", "digest", "partner_id", "kind", "name", "received_at", "message_id", "headers"
                ),
            ),
            refuse_truncate("report"),
        ]

    def __str__(self) -> str:
        return self.name

    def raw(self) -> Iterator[bytes]:
        """All the bytes as they came, a piece at a time: never more than one of them is in memory."""
        yield bytes(self.content)
        parts = self.parts.order_by("number")
        for number in parts.values_list("number", flat=True):
            yield bytes(parts.values_list("content", flat=True).get(number=number))
