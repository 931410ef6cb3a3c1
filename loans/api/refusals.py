"""Counts what is pushed under a partner's name and not taken, for operators to hear of. Taking costs nothing more."""

import logging
from datetime import datetime
from typing import Any, Final, cast

from django.db import Error, connection
from django.utils import timezone

from loans.tally import Tally
from loans.written_later import WrittenLater

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
Name = tuple[str, bool]
"""A partner's code, and whether it signed."""
tally: Final = Tally()
"""By the partner's code and whether it signed, so that what nobody signed under its name keeps nothing of the partner's
own from being written."""
log = logging.getLogger(__name__)


def note(partner: str, code: str, now: datetime) -> None:
    """A message that was posted under this partner's code was refused with a problem of this code.

    Never raises: that it cannot be counted must not change the answer.
    """
    if code in _UNCOUNTED:
        return
    signed = code not in _UNSIGNED
    if messages := tally.due((partner, signed), now, said=(code, now)):
        _write((partner, signed), messages, code, now)
    else:
        later.ask()


def write_left(*, everything: bool = False) -> None:
    """Write what was counted and not written, with the moment of the last one: what may be by now, or all of it as the
    process ends. Never raises.
    """
    for name, left in tally.left(timezone.now(), everything=everything).items():
        code, at = left.said
        _write(cast("Name", name), left.times, code, at)


def _write(name: Name, messages: int, code: str, at: datetime) -> None:
    partner, signed = name
    signed_at = at if signed else None
    said: dict[str, Any] = {"partner": partner, "code": code, "signed_at": signed_at, "now": at, "messages": messages}
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, said)
    except Error as error:
        log.warning("A refused message is not counted (%s)", type(error).__name__)


later: Final = WrittenLater(write_left)
