"""How many rows each benchmark gets. The sizes are fixed, so that two runs of one machine can be compared."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Rows a trial, by benchmark; `times` is how often limit, peer and ours alternate.

    Peers get fewer rows where theirs would take minutes: it is rates that are compared.
    """

    name: str
    times: int
    planning: int
    planning_peer: int
    claim: int
    claim_peer: int
    email: int
    email_limit: int
    email_peer: int
    email_killed: int
    sms: int
    sms_peer: int
    receipts: int
    receipts_batch: int
    receipts_batch_peer: int
    events: int
    visible: int
    inbox: int
    inbox_peer: int
    evidence: int
    page_loans: tuple[int, ...]
    """The page is measured in the first book; p95 in each."""
    page_borrowers: int
    page_rounds: int
    growth: int
    growth_history: int
    growth_page_rounds: int
    memory_planner: tuple[int, int]
    memory_worker: tuple[int, int]
    statement_entries: tuple[int, int]


FULL: Final = Size(
    name="full",
    times=3,
    planning=1_000_000,
    planning_peer=50_000,
    claim=200_000,
    claim_peer=5_000,
    email=100_000,
    email_limit=100_000,
    email_peer=3_000,
    email_killed=100_000,
    sms=10_000,
    sms_peer=200,
    receipts=20_000,
    receipts_batch=200_000,
    receipts_batch_peer=5_000,
    events=20_000,
    visible=3_000,
    inbox=100_000,
    inbox_peer=20_000,
    evidence=1_000_000,
    page_loans=(1_000, 1_000_000),
    page_borrowers=500,
    page_rounds=4,
    growth=200_000,
    growth_history=6_000_000,
    growth_page_rounds=4,
    memory_planner=(10_000, 1_000_000),
    memory_worker=(10_000, 1_000_000),
    statement_entries=(100_000, 1_000_000),
)

QUICK: Final = Size(
    name="quick",
    times=3,
    planning=50_000,
    planning_peer=3_000,
    claim=30_000,
    claim_peer=1_000,
    email=12_000,
    email_limit=20_000,
    email_peer=400,
    email_killed=16_000,
    sms=4_000,
    sms_peer=80,
    receipts=1_500,
    receipts_batch=10_000,
    receipts_batch_peer=1_000,
    events=1_500,
    visible=1_000,
    inbox=10_000,
    inbox_peer=3_000,
    evidence=50_000,
    page_loans=(1_000,),
    page_borrowers=500,
    page_rounds=1,
    growth=10_000,
    growth_history=200_000,
    growth_page_rounds=1,
    memory_planner=(10_000, 100_000),
    memory_worker=(2_000, 12_000),
    statement_entries=(2_000, 8_000),
)

MINIATURE: Final = Size(
    name="miniature",
    times=1,
    planning=60,
    planning_peer=20,
    claim=120,
    claim_peer=10,
    email=60,
    email_limit=60,
    email_peer=10,
    email_killed=600,
    sms=60,
    sms_peer=2,
    receipts=40,
    receipts_batch=200,
    receipts_batch_peer=100,
    events=40,
    visible=20,
    inbox=50,
    inbox_peer=20,
    evidence=100,
    page_loans=(20,),
    page_borrowers=10,
    page_rounds=1,
    growth=40,
    growth_history=120,
    growth_page_rounds=1,
    memory_planner=(20, 40),
    memory_worker=(20, 40),
    statement_entries=(20, 40),
)
