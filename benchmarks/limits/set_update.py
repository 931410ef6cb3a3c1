"""The limit of whatever moves rows from state to state: one UPDATE a move, over all rows at once."""

from collections.abc import Sequence
from datetime import datetime

from benchmarks.limits.side_by_side import CONNECTIONS, side_by_side
from benchmarks.measure import Trial, expect, timed
from benchmarks.product import DELIVERIES, EVENTS, PROMPTS
from benchmarks.tables import checkpoint, execute
from notifications.receipts import SET

CLAIM = f"""
UPDATE {DELIVERIES} SET status = 'sending', claimed_at = %s, attempts = attempts + 1
WHERE channel = %s AND status = 'queued'
"""
RECORD = f"""
UPDATE {DELIVERIES} SET status = 'sent', sent_at = %s, provider_reference = 'SBX' || id
WHERE channel = %s AND status = 'sending'
"""
ARRIVE = f"""
UPDATE {DELIVERIES} SET status = 'delivered', delivered_at = %s
WHERE channel = %s AND status = 'sent'
"""
# What nobody can do without who lets a set of receipts move its deliveries, with nothing asked, read or proved.
ARRIVE_AND_RECORD = f"""
WITH moved AS ({ARRIVE} AND id = ANY(%s) RETURNING id, prompt_id)
INSERT INTO {EVENTS} (at, kind, borrower_id, installment_id, prompt_id, delivery_id, data)
SELECT %s, 'delivered', prompt.borrower_id, prompt.installment_id, prompt.id, moved.id, '{{"reason": ""}}'
FROM moved JOIN {PROMPTS} AS prompt ON prompt.id = moved.prompt_id
"""


def claim_and_record(n: int, channel: str, now: datetime) -> Trial:
    """Two statements, each a transaction, over `n` queued deliveries."""
    checkpoint()
    moved: list[int] = []
    trial = timed(n, lambda: moved.extend(execute(statement, [now, channel]) for statement in (CLAIM, RECORD)))
    expect("rows that the two statements moved", [n, n], moved)
    return trial


def arrive(n: int, channel: str, now: datetime) -> Trial:
    """One statement over `n` deliveries that were sent."""
    return _once(n, ARRIVE, now, channel)


def arrive_and_record(ids: Sequence[int], channel: str, now: datetime) -> int:
    """The same of these in sets, by two connections, with an event each; returns how many moved."""
    moved: list[int] = []

    def record(part: int) -> None:
        execute("SET enable_seqscan = off")
        sets = (ids[first : first + SET] for first in range(part * SET, len(ids), CONNECTIONS * SET))
        moved.extend(execute(ARRIVE_AND_RECORD, [now, channel, one, now]) for one in sets)

    side_by_side(record)
    return sum(moved)


def _once(n: int, statement: str, *parameters: object) -> Trial:
    checkpoint()
    moved: list[int] = []
    trial = timed(n, lambda: moved.append(execute(statement, parameters)))
    expect("rows that the statement moved", [n], moved)
    return trial
