"""What providers' messages say, read into plain rows. No query is made here."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from celery.exceptions import SoftTimeLimitExceeded

from notifications.channels.aliyun_reports import parse_reports
from notifications.channels.base import ReceiptKind, ReceiptRecord
from notifications.channels.delivery_reports import parse_delivery_report
from notifications.channels.esp_reports import parse_events
from notifications.channels.kannel_reports import parse_dlr
from notifications.channels.own import own_providers
from notifications.channels.registry import PROVIDERS
from notifications.channels.twilio_reports import parse_status
from notifications.channels.voice_reports import parse_call
from notifications.channels.web_push_reports import parse_report
from notifications.models import Delivery
from notifications.signatures import delivery_id_of

logger = logging.getLogger(__name__)

Parser = Callable[[bytes], list[ReceiptRecord]]
Status = Delivery.Status


def _parse_kannel(raw: bytes) -> list[ReceiptRecord]:
    query: Mapping[str, str] = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    return [parse_dlr(query)]


PARSERS: Final[dict[str, Parser]] = {
    "smtp": parse_delivery_report,
    "anymail": parse_events,
    "kannel": _parse_kannel,
    "twilio": parse_status,
    "aliyun": parse_reports,
    "twilio_voice": parse_call,
    "webpush": parse_report,
    **{name: own.parse for name, own in own_providers().items()},
}
"""By provider; each reads what its webhook, or the bounce listener, keeps."""

TARGET: Final = {
    ReceiptKind.ACCEPTED: Status.SENT,
    ReceiptKind.DELIVERED: Status.DELIVERED,
    ReceiptKind.FAILED: Status.FAILED,
}
"""The state that a receipt asks for; one of another kind is kept and moves nothing."""


EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_AHEAD: Final = timedelta(days=1)
"""How wrong the clock of a device or a provider may be. A day of the year 1 cannot be read back from the database, one
of the year 9999 not be shown on every clock.
"""


class Letter(NamedTuple):
    """One message of a provider; `sha256` is of its bytes as they came, in hex."""

    callback_id: int
    provider: str
    channel: str
    received_at: datetime
    sha256: str


class Heard(NamedTuple):
    """One receipt of one message, and the delivery that it names, if we made its reference."""

    letter: Letter
    record: ReceiptRecord
    delivery_id: int | None


Words = tuple[str, str, str, datetime | None]
"""What one receipt says, as it is kept: its kind, the provider's word, the reason, and when, where that can be true."""


def read(callback_id: int, provider: str, raw: bytes, received_at: datetime) -> Iterator[Heard]:
    """What one message says. One that cannot be read is a receipt of kind UNKNOWN."""
    letter = Letter(callback_id, provider, PROVIDERS[provider].channel, received_at, sha256(raw).hexdigest())
    try:
        records = PARSERS[provider](raw)
    except SoftTimeLimitExceeded:
        raise
    except Exception:  # one message that nobody foresaw must not keep all later ones waiting
        logger.exception("callback %s of %s could not be read", callback_id, provider)
        records = [ReceiptRecord(reference="", kind=ReceiptKind.UNKNOWN, reason="could not be read")]
    for record in records:
        yield Heard(letter, record, delivery_id_of(record.reference))


def words_of(one: Heard) -> Words:
    """Never longer than there is room for."""
    record, at = one.record, one.record.occurred_at
    possible = at is not None and EARLIEST <= at <= one.letter.received_at + CLOCK_AHEAD
    return record.kind.value, record.provider_word[:64], record.reason[:200], at if possible else None


def reference_of(one: Heard) -> str:
    """The provider's own name of the message, as it is kept."""
    return one.record.provider_reference[:120]


def turns(heard: Sequence[Heard]) -> list[list[int]]:
    """The places of those that ask for a state, so divided that each turn names a delivery once, in their order."""
    found: list[list[int]] = []
    named: dict[int, int] = {}
    for place, one in enumerate(heard):
        if one.delivery_id is None or one.record.kind not in TARGET:
            continue
        turn = named.get(one.delivery_id, 0)
        named[one.delivery_id] = turn + 1
        if turn == len(found):
            found.append([])
        found[turn].append(place)
    return found


def letters_of(heard: Iterable[Heard]) -> list[Letter]:
    """The messages that these were read out of, each once."""
    return list({one.letter.callback_id: one.letter for one in heard}.values())
