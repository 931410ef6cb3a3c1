"""Whose law holds for a person: that of the country of their phone, else of their zone, else the one that is nearest.

A file of an operator's own in POLICY_FOLDER, named after a country (`de.toml`), holds for its people before the file of
the EU or of any other law. `notifications.policy_files` reads the figures; here only the names count.
"""

from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from accounts.models import ContactPoint, Jurisdiction, User
from accounts.models.user import DEFAULT_JURISDICTION
from accounts.zones import NOT_SAID, clocks_of, countries, country_of_phone, country_of_zone, guessed_zone

_PORTION: Final = 10_000
_EU: Final = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
_REGIONS: Final = {"CN": Jurisdiction.CN, "US": Jurisdiction.US, "GB": Jurisdiction.UK} | dict.fromkeys(
    _EU, Jurisdiction.EU
)
_ZONES: Final = {"Asia/": Jurisdiction.CN, "America/": Jurisdiction.US, "Europe/London": Jurisdiction.UK,
                 "Europe/": Jurisdiction.EU}  # fmt: skip


def jurisdiction_of(phone: str | None, time_zone: str | None) -> str:
    """The jurisdiction of somebody with this phone (E.164) and time zone (IANA, None where nobody said it); the default
    where neither tells.

    A guess that nobody can mend but by a phone or zone that says more: it decides between sets of rules, and each of
    them is a lawful one somewhere.
    """
    zone, own = time_zone or guessed_zone(phone, ""), own_jurisdictions(settings.POLICY_FOLDER)
    for country in (country_of_phone(phone), country_of_zone(zone)):
        if country.lower() in own:
            return country.lower()
        if country in _REGIONS:
            return _REGIONS[country]
    return _nearest_law(zone)


def shared_law(jurisdiction: str) -> str:
    """The law under which people of a country are that has no file of its own; its code is ISO 3166, in small letters,
    as that of a jurisdiction. A law that others share is its own.
    """
    if jurisdiction in Jurisdiction.values:
        return jurisdiction
    country = jurisdiction.upper()
    return _REGIONS.get(country) or _nearest_law(next(iter(clocks_of(country)), ""))


def _nearest_law(zone: str) -> str:
    return next((law for start, law in _ZONES.items() if zone.startswith(start)), DEFAULT_JURISDICTION)


@cache
def own_jurisdictions(folder: str) -> frozenset[str]:
    """The codes of the files in POLICY_FOLDER; none where it is not set or cannot be read, which the start refuses."""
    return frozenset(path.stem for path in Path(folder).glob("[a-z][a-z].toml")) if folder else frozenset()


def can_be_somebodys(jurisdiction: str) -> bool:
    """Whether there are people whose law can have this code: it is one of ours, or a country's."""
    return jurisdiction in Jurisdiction.values or jurisdiction.upper() in countries()


def renew_jurisdictions() -> int:
    """Put people under the file of their country where one has come, and under another where theirs has gone; returns
    how many. Whoever is under a law that still has a file, and has no own one, stays under it.
    """
    own, found = own_jurisdictions(settings.POLICY_FOLDER), dict[str, list[int]]()
    phones = ContactPoint.objects.live().filter(user=OuterRef("pk"), kind=ContactPoint.Kind.PHONE)
    people = User.objects.filter(is_staff=False).annotate(
        reached_at=Coalesce(Subquery(phones.values("address")[:1]), "phone")
    )
    for pk, phone, zone, before in people.values_list("pk", "reached_at", "time_zone", "jurisdiction").iterator():
        law = jurisdiction_of(phone, None if zone.endswith(NOT_SAID) else zone)
        if law != before and (law in own or before not in {*own, *Jurisdiction.values}):
            found.setdefault(law, []).append(pk)
    portions = (
        (law, ids[first : first + _PORTION]) for law, ids in found.items() for first in range(0, len(ids), _PORTION)
    )
    return sum(User.objects.filter(pk__in=ids).update(jurisdiction=law) for law, ids in portions)
