"""A program of a partner's that may ask questions."""

from typing import Self

from allauth.idp.oidc.models import Client
from django.db import models
from django.utils.translation import gettext_lazy as _

from loans.models.partner import Partner


class PartnerClientQuerySet(models.QuerySet["PartnerClient"]):
    def in_use(self) -> Self:
        return self.filter(ended_at=None)


class PartnerClient(models.Model):
    """Binds an OAuth 2 client, which has secret and scopes, to the one partner that it asks for."""

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="clients", verbose_name=_("partner"))
    client = models.OneToOneField(Client, models.PROTECT, related_name="partner_client", verbose_name=_("client"))
    made_at = models.DateTimeField(_("made"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = PartnerClientQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner's client")
        verbose_name_plural = _("partners' clients")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.client_id


class StoredReply(models.Model):
    """What a client was answered to a request under an Idempotency-Key, so that a repeat is answered the same."""

    client = models.ForeignKey(PartnerClient, models.CASCADE, related_name="+", verbose_name=_("client"))
    key = models.CharField(_("key"), max_length=128)
    request_hash = models.CharField(_("SHA-256 of the request"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    body = models.JSONField(_("body"))
    made_at = models.DateTimeField(_("answered"), db_index=True)

    class Meta:
        verbose_name = _("stored reply")
        verbose_name_plural = _("stored replies")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="stored_reply_once_a_key")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.key}"
