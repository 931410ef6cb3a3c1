"""The keys of partners as a web process knows them: read again after some seconds, or for what none of them signed."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loans.encryption import UnreadableSecretError, decrypt
from loans.models import Partner, PartnerKey

STALE_AFTER: Final = timedelta(seconds=5)
"""For so long a key that was taken out of use may still count; a new one counts at once."""

log = logging.getLogger(__name__)


class Known(NamedTuple):
    """One key, its secret readable."""

    partner: Partner
    prefix: str
    secret: str
    valid_from: datetime
    valid_until: datetime | None


_known: dict[str, tuple[datetime, list[Known]]] = {}


def keys_of(code: str, now: datetime) -> Iterator[Known]:
    """The keys of this partner that count at `now`: first those that are known here, then those that there are."""
    read_at, keys = _known.get(code, (None, []))
    if read_at is not None and read_at <= now < read_at + STALE_AFTER:
        yield from _valid(keys, now)
    fresh = _read(code)
    if fresh:
        _known[code] = (now, fresh)
    else:
        _known.pop(code, None)
    yield from _valid(fresh, now)


def forget() -> None:
    """Read all of them again when they are next asked for."""
    _known.clear()


def _valid(keys: list[Known], now: datetime) -> list[Known]:
    return [key for key in keys if key.valid_from <= now and (key.valid_until is None or now < key.valid_until)]


def _read(code: str) -> list[Known]:
    found = []
    for key in PartnerKey.objects.filter(partner__code=code).select_related("partner").order_by("-valid_from", "-pk"):
        try:
            secret = decrypt(key.secret)
        except UnreadableSecretError as error:
            log.error("The key %s… of partner %s cannot be read: %s", key.prefix, key.partner_id, error)
            continue
        found.append(Known(key.partner, key.prefix, secret, key.valid_from, key.valid_until))
    return found
