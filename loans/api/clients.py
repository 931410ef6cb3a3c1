"""Programs of partners: made, told their secret once, and ended."""

import secrets
from collections.abc import Collection
from datetime import datetime

from allauth.idp.oidc.models import Client, Token
from django.db import transaction

from loans.api.access import SCOPES
from loans.models import Partner, PartnerClient


@transaction.atomic
def add_client(partner: Partner, *, name: str, scopes: Collection[str], now: datetime) -> tuple[PartnerClient, str]:
    """Make a client that may ask for `scopes` of this partner's data; returns it and its secret, told this once.

    Raises ValueError for a scope that is none.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise ValueError(f"There is no such scope: {', '.join(sorted(unknown)) or 'none was named'}.")
    secret = secrets.token_urlsafe(32)
    client = Client(name=name, response_types="", grant_types=Client.GrantType.CLIENT_CREDENTIALS)
    client.set_secret(secret)
    client.set_scopes(sorted(scopes))
    client.set_default_scopes(sorted(scopes))
    client.save(force_insert=True)
    if "events:read" in scopes:
        Partner.objects.filter(pk=partner.pk, hears_events=False).update(hears_events=True)
    return PartnerClient.objects.create(partner=partner, client=client, made_at=now), secret


@transaction.atomic
def end_client(client_id: str, *, now: datetime) -> bool:
    """Its tokens count no more, and it is given none. False where it had ended before or was never there."""
    ended = PartnerClient.objects.in_use().filter(client=client_id).update(ended_at=now)
    if ended:
        Token.objects.filter(client=client_id).delete()
        Client.objects.filter(pk=client_id).update(grant_types="")
    return bool(ended)
