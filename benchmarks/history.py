"""History: what was told in past months, done with long ago, in the form in which the product has left it."""

from typing import Final

from benchmarks.product import DELIVERIES, EVENTS, PLANNED, PROMPTS
from benchmarks.tables import execute, loading, settle

STAGES: Final = (7, 3, 1, 0)
PERIODS: Final = 8
"""Past periods of each loan that a book needs for its history."""

# One prompt a past installment and stage, in the order of time, as planning writes them.
_PROMPTS: Final = f"""
INSERT INTO {PROMPTS} (kind, stage, version, status, reason, rung, planned_at, tell_at, look_again_at, borrower_id,
                       installment_id)
SELECT 'upcoming', stage.days, 1, 'told', '', 0, due.moment, due.moment, due.moment + interval '4 hours',
       loan.borrower_id, installment.id
FROM loans_installment AS installment
JOIN loans_loan AS loan ON loan.id = installment.loan_id
CROSS JOIN unnest(%(stages)s::int[]) AS stage (days)
CROSS JOIN LATERAL (SELECT installment.due_on::timestamptz - make_interval(days => stage.days) AS moment) AS due
WHERE installment.state = 'settled'
ORDER BY due.moment, installment.id
LIMIT %(prompts)s
"""
# Most of what lies in the portal is never opened.
_DELIVERIES: Final = f"""
INSERT INTO {DELIVERIES} (channel, address, rung, ordinal, status, reason, attempts, next_attempt_at, claimed_at,
                          sent_at, delivered_at, provider_reference, facts, wording, prompt_id, held_by, provider)
SELECT way.channel, way.address, 0, 0, way.status, '', 1, prompt.tell_at, prompt.tell_at, prompt.tell_at,
       CASE way.status WHEN 'delivered' THEN prompt.tell_at END, 'SBX' || prompt.id, %(facts)s::jsonb, %(wording)s,
       prompt.id, '', CASE way.channel WHEN 'email' THEN 'smtp' ELSE 'portal' END
FROM {PROMPTS} AS prompt
CROSS JOIN LATERAL (
    VALUES ('email', 'b' || prompt.borrower_id || '@example.test', 'delivered'),
           ('in_app', '', 'sent')) AS way (channel, address, status)
"""
_EVENTS: Final = f"""
INSERT INTO {EVENTS} (at, kind, installment_id, prompt_id, data, borrower_id)
SELECT prompt.planned_at, 'planned', prompt.installment_id, prompt.id, '{{"kind": "upcoming", "stage": 3}}',
       prompt.borrower_id
FROM {PROMPTS} AS prompt
"""
WORDING: Final = "upcoming/zh-hans/0123456789abcdef"
FACTS: Final = """
{"today": "2026-08-01", "amount": "103.500", "due_on": "2026-08-04", "currency": "CNY", "language": "zh-hans",
 "bank_name": "Harbour Bank", "loan_label": "手机分期 ··0017", "borrower_name": "测试 Borrower 17",
 "platform_name": "Lantern Mall", "support_phone": "400-820-0017", "payment_reference": "HB-20260017-1"}
"""


def make_history(deliveries: int) -> int:
    """Write so many finished deliveries, two a prompt, into empty tables; returns how many there are.

    Needs a book with `PERIODS` past periods and at least a thirty-second part of `deliveries` in loans.
    """
    facts = {"prompts": deliveries // 2, "stages": list(STAGES), "facts": FACTS, "wording": WORDING}
    with loading(PLANNED):
        execute(_PROMPTS, facts)
        written = execute(_DELIVERIES, facts)
        execute(_EVENTS, facts)
    settle(*PLANNED)
    return written
