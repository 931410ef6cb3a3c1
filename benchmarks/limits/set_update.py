"""The limit of whatever moves rows from state to state: one UPDATE a move, over all rows at once."""

from datetime import datetime

from benchmarks.measure import Trial, expect, timed
from benchmarks.product import DELIVERIES
from benchmarks.tables import checkpoint, execute

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


def claim_and_record(n: int, channel: str, now: datetime) -> Trial:
    """Two statements, each a transaction, over `n` queued deliveries."""
    checkpoint()
    moved: list[int] = []
    trial = timed(n, lambda: moved.extend(execute(statement, [now, channel]) for statement in (CLAIM, RECORD)))
    expect("rows that the two statements moved", [n, n], moved)
    return trial


def arrive(n: int, channel: str, now: datetime) -> Trial:
    """One statement over `n` deliveries that were sent."""
    checkpoint()
    moved: list[int] = []
    trial = timed(n, lambda: moved.append(execute(ARRIVE, [now, channel])))
    expect("rows that the statement moved", [n], moved)
    return trial
