"""Whose law holds for a person, as far as a partner's file tells: by the country of their phone, else by their zone."""

from typing import Final

import phonenumbers

from accounts.models import Jurisdiction
from accounts.models.user import DEFAULT_JURISDICTION

_EU: Final = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
_REGIONS: Final = {"CN": Jurisdiction.CN, "US": Jurisdiction.US, "GB": Jurisdiction.UK} | dict.fromkeys(
    _EU, Jurisdiction.EU
)
_ZONES: Final = {"Asia/": Jurisdiction.CN, "America/": Jurisdiction.US, "Europe/London": Jurisdiction.UK,
                 "Europe/": Jurisdiction.EU}  # fmt: skip


def jurisdiction_of(phone: str | None, time_zone: str | None) -> Jurisdiction:
    """The jurisdiction of somebody with this phone (E.164) and time zone (IANA); the default where neither tells.

    A guess that an agent can mend: it decides between sets of rules, and each of them is a lawful one somewhere.
    """
    region = phonenumbers.region_code_for_number(phonenumbers.parse(phone)) if phone else None
    if region in _REGIONS:
        return _REGIONS[region]
    places = (place for start, place in _ZONES.items() if (time_zone or "").startswith(start))
    return next(places, DEFAULT_JURISDICTION)
