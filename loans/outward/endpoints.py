"""Endpoints of partners: made known, switched off and on, and the secrets that their posts are signed with."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from accounts.outside.addresses import can_be_posted_to, may_be_public
from loans.api.keys import make_secret
from loans.encryption import UnreadableSecretError, decrypt, encrypt
from loans.models import Endpoint, EndpointSecret, Partner
from loans.outward.retrying import rest

LONGEST_URL: Final = 500
PORTS: Final = (443, 8443)
OVERLAP: Final = timedelta(days=7)
"""How long the secret before still signs too."""


class BadEndpointError(ValueError):
    """Nothing may be posted to this address. The text says why and does not quote it."""


def is_allowed(url: str) -> bool:
    """Whether this address may be posted to, as far as can be told without looking its name up."""
    if len(url) > LONGEST_URL or not can_be_posted_to(url):
        return False
    if settings.OUTWARD_ALLOW_PRIVATE:
        return True
    return may_be_public(url) and (urlsplit(url).port or PORTS[0]) in PORTS


@transaction.atomic
def add_endpoint(partner: Partner, url: str, *, now: datetime) -> tuple[Endpoint, str]:
    """Make an address of a partner known, which from now on hears events; returns it and its secret.

    The secret is told this once. Raises BadEndpointError, also for an address that the partner has already.
    """
    if not is_allowed(url):
        raise BadEndpointError(
            "An endpoint is an https address of the internet, on port 443 or 8443, without a name or password in it."
        )
    endpoint, new = Endpoint.objects.get_or_create(partner=partner, url=url, defaults={"made_at": now})
    if not new:
        raise BadEndpointError("The partner has this endpoint already.")
    Partner.objects.filter(pk=partner.pk, hears_events=False).update(hears_events=True)
    return endpoint, _make_secret(endpoint, now)


@transaction.atomic
def rotate_secret(endpoint: Endpoint, *, now: datetime, overlap: timedelta = OVERLAP) -> str:
    """Give an endpoint a new secret, told this once; those before it sign too until `overlap` is over."""
    endpoint.secrets.valid(now).filter(valid_until=None).update(valid_until=now + overlap)
    return _make_secret(endpoint, now)


def secrets_of(endpoint_ids: Collection[int], *, now: datetime) -> dict[int, list[str]]:
    """The secrets that sign posts to each now, the newest first. What was made under a key that is gone is left out."""
    found: dict[int, list[str]] = {endpoint_id: [] for endpoint_id in endpoint_ids}
    rows = EndpointSecret.objects.valid(now).filter(endpoint__in=endpoint_ids).order_by("-pk")
    for endpoint_id, concealed in rows.values_list("endpoint_id", "concealed"):
        with suppress(UnreadableSecretError):
            found[endpoint_id].append(decrypt(concealed))
    return found


def disable(endpoint_id: int, *, why: str, now: datetime) -> bool:
    """Post nothing more to it; what waits goes on waiting, and so does what happens within LONGEST_OFF.

    False where it was off already.
    """
    on = Endpoint.objects.active().filter(pk=endpoint_id)
    return bool(on.update(disabled_at=now, disabled_because=why[:120]))


def enable(endpoint_id: int) -> bool:
    """Post to it again, at once. False where it was on already."""
    off = Endpoint.objects.filter(pk=endpoint_id, disabled_at__isnull=False)
    return bool(off.update(disabled_at=None, disabled_because="", resting_until=None, strikes=0))


def let_rest(endpoint_id: int, *, now: datetime) -> None:
    """Leave it alone for a while, longer each time."""
    found = Endpoint.objects.filter(pk=endpoint_id)
    for strikes in found.values_list("strikes", flat=True):
        found.filter(strikes=strikes).update(strikes=strikes + 1, resting_until=now + rest(strikes + 1))


def note_well(endpoint_id: int) -> None:
    """It takes what it is sent: failures are counted from the start again."""
    Endpoint.objects.filter(pk=endpoint_id, strikes__gt=0).update(strikes=0, resting_until=None)


def _make_secret(endpoint: Endpoint, now: datetime) -> str:
    secret = make_secret()
    EndpointSecret.objects.create(endpoint=endpoint, concealed=encrypt(secret), made_at=now)
    return secret
