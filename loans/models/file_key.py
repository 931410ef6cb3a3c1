"""By which key a partner signs its files."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner


class FileKeyQuerySet(models.QuerySet["FileKey"]):
    def valid_at(self, moment: datetime) -> Self:
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=moment), valid_from__lte=moment)


class FileKey(models.Model):
    """An Ed25519 public key (RFC 8032), 32 bytes in hexadecimal.

    A partner may have several that are valid at once: while it changes from one to the next, both are. From its first
    key on, every file of the partner's that comes by folder, command or upload must be signed.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="file_keys")
    name = models.CharField(_("name"), max_length=80)
    public_key = models.CharField(_("public key"), max_length=64)
    valid_from = models.DateTimeField(_("valid from"))
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = FileKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("key of files")
        verbose_name_plural = _("keys of files")
        constraints = [
            models.UniqueConstraint(fields=["partner", "public_key"], name="file_key_once"),
            models.CheckConstraint(condition=Q(public_key__regex=r"^[0-9a-f]{64}$"), name="file_key_32_bytes"),
        ]

    def __str__(self) -> str:
        return self.name
