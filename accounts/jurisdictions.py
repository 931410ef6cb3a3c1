"""Whose law holds for a person: that which somebody said, else that of the country of their phone, else of their zone,
else the one that is nearest.

A file of an operator's own in POLICY_FOLDER, named after a country (`de.toml`), holds for its people before the file of
the EU or of any other law. `notifications.policy_files` reads the figures; here only the names count.
"""

from datetime import datetime
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

    A guess: it decides between sets of rules, and each of them is a lawful one somewhere. A phone or zone that says
    more mends it, or whoever may say whose law holds.
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
    how many. Whoever is under a law that still has a file, and has no own one, stays under it, and so does everybody of
    whom somebody said whose law holds.
    """
    own, found = own_jurisdictions(settings.POLICY_FOLDER), dict[str, list[int]]()
    guessed = User.objects.filter(is_staff=False, jurisdiction_said_at=None)
    people = guessed.annotate(reached_at=_reached_at()).values_list("pk", "reached_at", "time_zone", "jurisdiction")
    for pk, phone, zone, before in people.iterator():
        law = _guess(phone, zone)
        if law != before and (law in own or before not in {*own, *Jurisdiction.values}):
            found.setdefault(law, []).append(pk)
    portions = (
        (law, ids[first : first + _PORTION]) for law, ids in found.items() for first in range(0, len(ids), _PORTION)
    )
    return sum(guessed.filter(pk__in=ids).update(jurisdiction=law) for law, ids in portions)


def guess_again(user_id: int) -> str:
    """What is guessed of this person now. Raises User.DoesNotExist."""
    person = User.objects.annotate(reached_at=_reached_at())
    phone, zone = person.values_list("reached_at", "time_zone").get(pk=user_id)
    return _guess(phone, zone)


def put_under(law: str, user_id: int, *, said_at: datetime | None, seen: str, seen_at: datetime | None) -> bool:
    """Put a borrower under `law`, said by somebody at that moment or, with None, guessed; False where their law is not
    the one any more that was seen, or not since the same word. One statement.
    """
    as_seen = User.objects.filter(pk=user_id, is_staff=False, jurisdiction=seen, jurisdiction_said_at=seen_at)
    return as_seen.update(jurisdiction=law, jurisdiction_said_at=said_at) == 1


def _guess(phone: str | None, zone: str) -> str:
    return jurisdiction_of(phone, None if zone.endswith(NOT_SAID) else zone)


def _reached_at() -> Coalesce:
    """Of a person: the phone at which they are reached, else the one by which they sign in."""
    phones = ContactPoint.objects.live().filter(user=OuterRef("pk"), kind=ContactPoint.Kind.PHONE)
    return Coalesce(Subquery(phones.values("address")[:1]), "phone")
