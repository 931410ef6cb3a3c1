"""Lifts the marks of contact points that two workers have left on one that works.

One writes down that something arrived there while another marks it for an older message: neither sees what the other
has not committed, so the mark stands against the rule (`receipt_statements.BLAMED`). To lock the address of all that
arrives would cost each receipt; this costs a look at those marked lately.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

MARKED_WITHIN: Final = timedelta(hours=1)
"""Both were at work at the same moment, and no transaction of theirs lasts for minutes."""

# As in BLAMED, of the last that may have been blamed, so that no mark is lifted that stands by the rule: one without
# any such message is not of this kind. Whether devices are gone is said by their services, whatever arrived before.
# Each row is looked at again when it is written: it may be marked anew, or lifted.
_LIFT: Final = """
UPDATE accounts_contactpoint AS point SET unreachable_since = NULL, unreachable_reason = ''
FROM (
    SELECT id, user_id, unreachable_since FROM accounts_contactpoint
    WHERE unreachable_since IS NOT NULL AND unreachable_since > %(since)s AND kind <> 'push' OFFSET 0) AS marked
WHERE point.id = marked.id AND point.unreachable_since = marked.unreachable_since
  AND (SELECT max(other.delivered_at) >= max(LEAST(other.handed_at, marked.unreachable_since))
                                         FILTER (WHERE other.status IN ('failed', 'cancelled'))
       FROM notifications_prompt AS prompt JOIN notifications_delivery AS other ON other.prompt_id = prompt.id
       WHERE prompt.borrower_id = marked.user_id AND other.contact_point_id = marked.id)
"""


def lift_wrong_marks(now: datetime) -> int:
    """Lift the marks of the last hour against which something has come through since the hand-over of what is blamed;
    returns how many.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LIFT, {"since": now - MARKED_WITHIN})
        lifted: int = cursor.rowcount
    return lifted
