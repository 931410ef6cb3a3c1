"""A partner's keys: made, told once, and taken out of use after the time in which old and new count."""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from loans.encryption import encrypt
from loans.models import Partner, PartnerKey

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how Standard Webhooks marks a secret, and no secret
_SECRET_BYTES: Final = 32
_SHOWN: Final = 12


@transaction.atomic
def rotate_key(partner: Partner, *, now: datetime, overlap: timedelta) -> tuple[PartnerKey, str]:
    """Make a key that counts from `now`; those before it end `overlap` later, or earlier where that was said already.

    Returns it and its secret, which nobody is shown again.
    """
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    end = now + overlap
    PartnerKey.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=end), partner=partner, valid_from__lte=end
    ).update(valid_until=end)
    secret = make_secret()
    key = PartnerKey.objects.create(
        partner=partner, prefix=secret[:_SHOWN], secret=encrypt(secret), valid_from=now, valid_until=None
    )
    return key, secret


def make_secret() -> str:
    """32 random bytes in base64 after `whsec_`."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
