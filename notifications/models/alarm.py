"""What an operator must look at: opened by a sweep, closed by the sweep that finds it gone."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class Alarm(models.Model):
    """Something that should hold and does not. At most one open of a kind for a subject.

    `subject` names the record in a word ("installment:17", "provider:kannel", "feed:harbour:loans", "statement:3:gap",
    "clock:worker-2", "refused:harbour", "unread:harbour:events", "outage:5", "payment:9", "untold:17:1", with the
    version, "queue:sms"); `detail` says in English what is wrong and what to do, without personal data, and `facts`
    hold what the desk says it with in its reader's language. While it is open both say what is wrong now. Who closes
    one of `BY_HAND` says why; it is not opened again.
    """

    class Kind(models.TextChoices):
        COVERAGE = "coverage", _("an installment that nobody is being told about")
        PROVIDER = "provider", _("a provider that fails or is slow")
        FEED = "feed", _("a partner that has fallen silent")
        STATEMENT = "statement", _("a bank statement that is missing or does not fit")
        CLOCK = "clock", _("a clock that is wrong")
        REFUSED = "refused", _("a partner whose messages are refused")
        UNREAD = "unread", _("what a partner sent and nobody has applied")
        OUTAGE = "outage", _("an outage that does not end")
        DOUBTED = "doubted", _("a booking that cannot be true")
        UNTOLD = "untold", _("an installment that fell overdue untold")
        QUEUE = "queue", _("messages that wait, and nobody sends them")

    BY_HAND = (Kind.STATEMENT, Kind.DOUBTED, Kind.UNTOLD)
    """Kinds that a firm may never mend, or that nothing mends: an agent closes them, with a reason."""

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    subject = models.CharField(_("about"), max_length=64)
    detail = models.CharField(_("what is wrong"), max_length=300)
    facts = models.JSONField(default=dict, blank=True)
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("borrower"),
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    opened_at = models.DateTimeField(pgettext_lazy("of an alarm", "opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("closed by"),
    )
    closed_because = models.CharField(_("why it was closed"), max_length=200, blank=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(closed_at=None) | Q(closed_by__isnull=False),
                name="alarm_open_once",
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None) | Q(closed_at__isnull=False) & ~Q(closed_because=""),
                name="alarm_closed_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
