"""A way to reach a person."""

from collections.abc import Collection
from typing import Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

BROWSER: Final = "browser"
"""The address of a contact point of kind "push": it stands for all devices on which a person lets us show notices."""


class ContactPointQuerySet(models.QuerySet["ContactPoint"]):
    def live(self) -> Self:
        """Those that are in use now: at most one of a kind for a person."""
        return self.filter(retired_at=None)

    def reachable(self) -> Self:
        """Those in use that no provider has called unreachable."""
        return self.live().filter(unreachable_since=None)

    def telling_of_loans_of(self, firms: Collection[int]) -> Self:
        """As `ContactPoint.tells_of_loans_of`."""
        return self.filter(models.Q(named_by=[]) | models.Q(named_by__overlap=list(firms)))


class ContactPoint(models.Model):
    """An email address or a phone (E.164) of one person, or their devices, and who gave it to us.

    A changed address is a new row and the old one is retired: what was sent to it stays provable. It tells of loans of
    the firms that named it (`named_by`, ids); of all, where its owner chose it here and `named_by` is empty. Its owner
    proved it last at `verified_at`.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("email")
        PHONE = "phone", _("phone")
        PUSH = "push", _("notices on a device")

    class Source(models.TextChoices):
        PARTNER = "partner", _("given by a partner")
        OWNER = "owner", _("given by the person")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_points", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    address = models.CharField(_("address"), max_length=254)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    named_by = ArrayField(models.BigIntegerField(), verbose_name=_("named by"), default=list, blank=True)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    unreachable_since = models.DateTimeField(_("unreachable since"), null=True, blank=True)
    unreachable_reason = models.CharField(_("why unreachable"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind"], condition=models.Q(retired_at=None), name="contact_point_one_live_a_kind"
            ),
        ]
        indexes = [
            GinIndex(OpClass("address", name="gin_trgm_ops"), name="contact_point_trigrams"),
            # Few, and looked through with each set of receipts: one that something reached is reachable again.
            models.Index(
                fields=["id"], condition=models.Q(unreachable_since__isnull=False), name="contact_point_unreachable"
            ),
        ]

    def __str__(self) -> str:
        return self.masked

    def tells_of_loans_of(self, firms: Collection[int]) -> bool:
        """May a message about a loan of these firms go there? The same as `notifications.planning_ways` asks in SQL."""
        return not self.named_by or not set(firms).isdisjoint(self.named_by)

    @property
    def masked(self) -> str:
        """The address as an agent may see it: `+86•••••••1234`, `l•••@example.test`."""
        return masked(self.address)


def masked(address: str) -> str:
    """Hide all of an address but what tells two of them apart."""
    if address == BROWSER:
        return address
    if "@" in address:
        local, _at, domain = address.rpartition("@")
        return f"{local[:1]}•••@{domain}"
    return f"{address[:3]}•••••{address[-4:]}" if len(address) > 8 else "•••"
