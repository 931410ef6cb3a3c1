"""The seal over a batch of events."""

from typing import Self

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from loans.models.append_only import append_only


class SealQuerySet(models.QuerySet["Seal"]):
    def newest(self) -> "Seal | None":
        return self.order_by("-last_id").first()

    def from_event(self, event_id: int) -> Self:
        """The seal that covers this event and all after it, in the order of the chain."""
        return self.filter(last_id__gte=event_id).order_by("last_id")


class Seal(models.Model):
    """Covers every event with `first_id` <= id <= `last_id`, and begins where the seal before it ends. Append-only.

    `root` is the root of the Merkle tree over those `count` events in the order of their ids, `previous` the hash of
    the seal before this one, `hash` its own: `notifications.evidence.verify.hash_seal`. Each is a SHA-256 of 32 bytes.
    No foreign key leads to an event, so that events can be partitioned by ranges of their ids.
    """

    first_id = models.BigIntegerField(_("first event"))
    last_id = models.BigIntegerField(_("last event"), unique=True)
    count = models.PositiveIntegerField(_("events"))
    root = models.BinaryField(_("root"), max_length=32)
    previous = models.BinaryField(_("hash of the seal before"), max_length=32)
    hash = models.BinaryField(_("hash"), max_length=32)
    sealed_at = models.DateTimeField(_("sealed"))

    objects = SealQuerySet.as_manager()

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["previous"], name="seal_chain_does_not_fork"),
            models.CheckConstraint(condition=Q(first_id__lte=F("last_id"), count__gte=1), name="seal_covers_something"),
        ]
        triggers: list[pgtrigger.Trigger] = append_only("seal")

    def __str__(self) -> str:
        return f"#{self.pk}"
