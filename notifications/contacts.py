"""What people were told lately, and when they spoke with us, as caps and pauses count it: a look for a whole block."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from notifications.arrays import numbers
from notifications.caps import LOOK_BACK
from notifications.duty_statements import REACHED_NOBODY
from notifications.ladder import RECEIPT_WITHIN
from notifications.models import Delivery
from notifications.policy import PURPOSES
from notifications.prepared import prepared_cursor

CALL_ENDS_WITHIN: Final = RECEIPT_WITHIN[Delivery.Channel.VOICE]
_PLANNED_WITHIN: Final = timedelta(days=60)
"""What was handed over in the last days was planned no longer ago: a prompt does not outlive its stages."""

# What firms said that they told these people. Where none ever did, nothing of it is run.
_FIRMS_TOLD: Final = """
FROM loans_loan AS loan
JOIN loans_installment AS installment ON installment.loan_id = loan.id
JOIN notifications_firmtelling AS word ON word.installment_id = installment.id
WHERE EXISTS (SELECT FROM notifications_firmtelling) AND loan.borrower_id = ANY(%(people)s::bigint[])
  AND word.sent_at > %(since)s
"""

# By how agents told people, or tried to, which is not kept: most often by a call. What an alarm's task is about has no
# prompt, and is told by the rules of collection (`calling`).
_KIND_OF_TASK: Final = "COALESCE(prompt.kind, 'overdue')"
_TASKS: Final = (
    "FROM notifications_agenttask AS task LEFT JOIN notifications_prompt AS prompt ON prompt.id = task.prompt_id"
)
_THEIRS: Final = "task.borrower_id = ANY(%(people)s::bigint[]) AND task.kind IN ('unreachable', 'untold')"

# Nobody has said that what is being sent, or is unconfirmed, was taken, and it may have arrived. What one firm told of
# several that fall due together, at one moment, was one message; that it was sent and that it arrived are said apart,
# perhaps with two moments. A call that nobody took was one. Any other telling of which its firm says later that it
# reached nobody was none.
_CONTACTS: Final = f"""
SELECT prompt.borrower_id, prompt.kind, COALESCE(delivery.sent_at, delivery.handed_at)
FROM notifications_prompt AS prompt
JOIN notifications_delivery AS delivery ON delivery.prompt_id = prompt.id AND delivery.channel = %(channel)s
WHERE prompt.borrower_id = ANY(%(people)s::bigint[]) AND prompt.planned_at > %(planned_since)s
  AND COALESCE(delivery.sent_at, delivery.handed_at) > %(since)s
  AND (delivery.sent_at IS NOT NULL OR delivery.status IN ('sending', 'unconfirmed'))
UNION ALL
SELECT borrower_id, kind, sent_at
FROM (
    SELECT DISTINCT loan.borrower_id, word.kind, word.sent_at, word.partner_id, installment.due_on
    {_FIRMS_TOLD} AND word.channel = %(channel)s AND (word.proof <> 'failed' OR word.channel = 'voice')
      AND (word.channel = 'voice' OR NOT ({REACHED_NOBODY.format(word="word")}))
      AND (word.proof = 'accepted' OR NOT EXISTS (
        SELECT FROM notifications_firmtelling AS sent
        WHERE sent.installment_id = word.installment_id AND sent.partner_id = word.partner_id
          AND sent.kind = word.kind AND sent.stage IS NOT DISTINCT FROM word.stage AND sent.channel = word.channel
          AND sent.proof = 'accepted' AND sent.sent_at BETWEEN word.sent_at - interval '1 day' AND word.sent_at
        OFFSET 0))) AS told
UNION ALL
SELECT task.borrower_id, {_KIND_OF_TASK}, task.done_at
{_TASKS} WHERE {_THEIRS} AND %(channel)s = 'voice' AND task.outcome = 'told' AND task.done_at > %(since)s
"""  # noqa: S608  (nothing of it comes from outside)

# What an agent tried is an event where the task stayed open, else how the task ended.
_UNANSWERED: Final = f"""
SELECT task.borrower_id, {_KIND_OF_TASK}, task.done_at
{_TASKS} WHERE {_THEIRS} AND task.outcome = 'not_reached' AND task.done_at > %(since)s
UNION ALL
SELECT task.borrower_id, {_KIND_OF_TASK}, tried.at
{_TASKS}
JOIN notifications_noticeevent AS tried ON tried.borrower_id = task.borrower_id AND tried.kind = 'tried'
 AND (tried.data ->> 'task')::bigint = task.id AND tried.data ->> 'outcome' = 'not_reached'
WHERE {_THEIRS} AND (task.status = 'open' OR task.done_at > %(since)s) AND tried.at > %(since)s
"""

# A call is delivered when all was said to a person; who hangs up before has spoken with us as well. A firm's call is
# one where the firm says that it reached them.
_TALKS: Final = f"""
SELECT borrower_id, kind, max(at) FILTER (WHERE over), max(at) FILTER (WHERE NOT over)
FROM (
    SELECT prompt.borrower_id, prompt.kind, delivery.status IN ('delivered', 'unconfirmed') AS over,
           COALESCE(delivery.delivered_at, delivery.sent_at, delivery.handed_at) AS at
    FROM notifications_prompt AS prompt
    JOIN notifications_delivery AS delivery ON delivery.prompt_id = prompt.id AND delivery.channel = 'voice'
    WHERE prompt.borrower_id = ANY(%(people)s::bigint[]) AND prompt.planned_at > %(planned_since)s
      AND (delivery.status = 'delivered' AND delivery.delivered_at > %(since)s
           OR delivery.status = 'unconfirmed' AND delivery.sent_at > %(since)s AND EXISTS (
                SELECT FROM notifications_receipt AS heard
                WHERE heard.delivery_id = delivery.id AND heard.provider_word = 'completed human' OFFSET 0)
           OR delivery.status IN ('sending', 'sent')
              AND COALESCE(delivery.sent_at, delivery.handed_at) > %(calling_since)s)
    UNION ALL
    SELECT prompt.borrower_id, prompt.kind, TRUE, known.acknowledged_at
    FROM notifications_acknowledgement AS known JOIN notifications_prompt AS prompt ON prompt.id = known.prompt_id
    WHERE known.borrower_id = ANY(%(people)s::bigint[]) AND known.method = 'voice' AND known.acknowledged_at > %(since)s
    UNION ALL
    SELECT task.borrower_id, {_KIND_OF_TASK}, TRUE, task.done_at
    {_TASKS} WHERE {_THEIRS} AND task.outcome = 'told' AND task.done_at > %(since)s
    UNION ALL
    SELECT loan.borrower_id, word.kind, TRUE, word.sent_at
    {_FIRMS_TOLD} AND word.channel = 'voice' AND word.proof NOT IN ('accepted', 'failed')
      AND NOT ({REACHED_NOBODY.format(word="word")})
) AS talk
GROUP BY borrower_id, kind
"""  # noqa: S608

Key = tuple[int, str]
"""A person's id and a purpose."""


class Talks(NamedTuple):
    """By person and purpose: when they last spoke with us, and when the last call began that may still be going on."""

    last: dict[Key, datetime]
    under_way: dict[Key, datetime]


def contacts_of(people: Collection[int], channel: str, *, now: datetime) -> dict[Key, list[datetime]]:
    """When these people were told on this channel lately, by us, by our agents or by firms, by purpose; what may have
    reached them counts as well.
    """
    since = {"since": now - LOOK_BACK, "planned_since": now - _PLANNED_WITHIN}
    return _moments(_CONTACTS, {"people": numbers(people), "channel": channel, **since})


def unanswered_calls(people: Collection[int], *, now: datetime) -> dict[Key, list[datetime]]:
    """When agents tried to reach these people lately and did not, by purpose."""
    return _moments(_UNANSWERED, {"people": numbers(people), "since": now - LOOK_BACK}) if people else {}


def _moments(statement: str, parameters: Mapping[str, Any]) -> dict[Key, list[datetime]]:
    found: dict[Key, list[datetime]] = {}
    with prepared_cursor() as cursor:
        cursor.execute(statement, parameters)
        for borrower_id, kind, at in cursor.fetchall():
            found.setdefault((borrower_id, PURPOSES[kind]), []).append(at)
    return found


def talks_with(people: Collection[int], *, days: int, now: datetime) -> Talks:
    """How these people spoke with us within so many days."""
    talks = Talks({}, {})
    if not people:
        return talks
    # A pause ends with a day of the borrower's own clock.
    since = now - timedelta(days=days + 1)
    with prepared_cursor() as cursor:
        cursor.execute(
            _TALKS,
            {
                "people": numbers(people),
                "since": since,
                "planned_since": since - _PLANNED_WITHIN,
                "calling_since": now - CALL_ENDS_WITHIN,
            },
        )
        for borrower_id, kind, last, under_way in cursor.fetchall():
            key = borrower_id, PURPOSES[kind]
            _latest(talks.last, key, last)
            _latest(talks.under_way, key, under_way)
    return talks


def _latest(moments: dict[Key, datetime], key: Key, at: datetime | None) -> None:
    if at is not None:
        moments[key] = max(at, moments.get(key, at))
