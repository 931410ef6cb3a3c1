"""Counts what is pushed under a partner's name and not taken, for operators to hear of. Taking costs nothing more."""

import logging
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from django.db import DatabaseError, connection

EVERY: Final = timedelta(seconds=1)
"""A process writes so often at most of what one partner signed, and of what nobody signed under its name: whoever posts
nonsense makes one UPDATE a second, on one row, and keeps nothing of the partner's own from being written."""
_MOST_NAMES: Final = 1_000
_UNCOUNTED: Final = frozenset({"too_many_requests", "method_not_allowed", "not_acceptable", "not_found"})
"""What says nothing about the messages themselves."""
_UNSIGNED: Final = frozenset(
    {"not_signed", "webhook_id", "ahead", "stale", "wrong_signature", "no_length", "too_large", "body_cut_off"}
    | {"unsupported_media_type", "not_authenticated"}
)
"""Said before it is known who sends."""

# Only of partners that push at all, which have a key: of any other name there is nothing to be heard.
_COUNT: Final = """
INSERT INTO loans_refusalrun AS run (partner_id, since, last_at, looked_until, messages, signed_at, code)
SELECT partner.id, %(now)s, %(now)s, %(now)s, %(messages)s, %(signed_at)s, %(code)s FROM loans_partner AS partner
WHERE partner.code = %(partner)s AND EXISTS (SELECT FROM loans_partnerkey WHERE partner_id = partner.id)
ON CONFLICT (partner_id) DO UPDATE
SET last_at = GREATEST(run.last_at, excluded.last_at), messages = run.messages + excluded.messages,
    signed_at = GREATEST(run.signed_at, excluded.signed_at),
    code = CASE WHEN excluded.signed_at IS NULL AND run.signed_at >= run.since THEN run.code ELSE excluded.code END
"""
_written: dict[tuple[str, bool], tuple[datetime, int]] = {}
"""By the partner's code and whether it signed: when this process wrote last, and how many were refused since."""
_writing = Lock()
log = logging.getLogger(__name__)


def note(partner: str, code: str, now: datetime) -> None:
    """A message that was posted under this partner's code was refused with a problem of this code.

    Never raises: that it cannot be counted must not change the answer.
    """
    signed = code not in _UNSIGNED
    if code in _UNCOUNTED or not (messages := _due((partner, signed), now)):
        return
    said: dict[str, Any] = {
        "partner": partner,
        "code": code,
        "signed_at": now if signed else None,
        "now": now,
        "messages": messages,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, said)
    except DatabaseError as error:
        log.warning("A refused message is not counted (%s)", type(error).__name__)


def forget() -> None:
    """Count as a process that has just begun."""
    with _writing:
        _written.clear()


def _due(whose: tuple[str, bool], now: datetime) -> int:
    """How many are to be written now, 0 where it is too early. What else could fill the memory are invented names."""
    with _writing:
        last, since = _written.get(whose, (None, 0))
        if last is not None and last <= now < last + EVERY:
            _written[whose] = (last, since + 1)
            return 0
        if len(_written) >= _MOST_NAMES:
            _written.clear()
        _written[whose] = (now, 0)
        return since + 1
