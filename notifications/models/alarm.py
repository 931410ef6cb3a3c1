"""What an operator must look at: opened by a sweep, closed by the sweep that finds it gone."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AlarmQuerySet(models.QuerySet["Alarm"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class Alarm(models.Model):
    """Something that should hold and does not. At most one open of a kind for a subject.

    `subject` names the record in a word ("installment:17", "provider:kannel", "feed:harbour:loans"); `detail` says what
    is wrong and what to do, without personal data.
    """

    class Kind(models.TextChoices):
        COVERAGE = "coverage", _("an installment that nobody is being told about")
        PROVIDER = "provider", _("a provider that fails or is slow")
        FEED = "feed", _("a partner that has fallen silent")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    subject = models.CharField(_("about"), max_length=64)
    detail = models.CharField(_("what is wrong"), max_length=300)
    borrower = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", null=True, blank=True, db_index=False
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(closed_at=None), name="alarm_open_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"
