"""What a provider sent to us, as it came."""

from datetime import datetime
from typing import Final, Self

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import refuse_truncate
from notifications.prepared import prepared_cursor

_KEEP: Final = """
INSERT INTO notifications_callback (provider, raw, received_at) VALUES (%(provider)s, %(raw)s, %(now)s)"""


class CallbackQuerySet(models.QuerySet["Callback"]):
    def waiting(self) -> Self:
        """Those that nobody has read yet, the oldest first."""
        return self.filter(applied_at=None).order_by("pk")


class Callback(models.Model):
    """One message of a provider: raw and authenticated. It is answered as soon as it is stored, and read later in sets.

    What was received never changes; only `applied_at` is set once. `receipts` is what was read out of it.
    """

    provider = models.CharField(_("provider"), max_length=16)
    raw = models.BinaryField(_("raw bytes"))
    received_at = models.DateTimeField(_("received"))
    applied_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = CallbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider's message")
        verbose_name_plural = _("providers' messages")
        indexes = [models.Index(fields=["id"], condition=Q(applied_at=None), name="callback_waiting")]
        triggers = [
            pgtrigger.Protect(name="callback_stays", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="callback_raw_stays",
                operation=pgtrigger.UpdateOf("provider", "raw", "received_at"),  # type: ignore[no-untyped-call]
            ),
            refuse_truncate("callback"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} #{self.pk}"

    @classmethod
    def keep(cls, provider: str, raw: bytes, now: datetime) -> None:
        """Store one message; the caller answers the provider afterwards. One statement, and no object is made of it."""
        with prepared_cursor() as cursor:
            cursor.execute(_KEEP, {"provider": provider, "raw": raw, "now": now})
