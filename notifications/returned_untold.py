"""Payments whose return was no news when they came back, since another one paid what they were for.

When that one comes back as well, whoever had been told that the first arrived would think that it still pays.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

# By what its borrower was told of it last: a return that they know of is not told again.
_UNTOLD: Final = """
SELECT earlier.id
FROM loans_payment AS earlier
WHERE earlier.installment_id IN (SELECT installment_id FROM loans_payment WHERE id = ANY(%(ids)s))
  AND earlier.status = 'returned' AND earlier.id <> ALL(%(ids)s)
  AND (SELECT told.kind
       FROM notifications_prompt AS told
       WHERE told.payment_id = earlier.id AND EXISTS (
            SELECT FROM notifications_delivery AS sent WHERE sent.prompt_id = told.id AND sent.sent_at IS NOT NULL)
       ORDER BY told.id DESC LIMIT 1) <> 'payment_returned'
ORDER BY earlier.id
"""


def returned_untold(payment_ids: Sequence[int]) -> list[int]:
    """Other payments for what these, which have just come back, were for: those that came back before, of which their
    borrowers were told last that they arrived. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, {"ids": list(payment_ids)})
        return [row[0] for row in cursor.fetchall()]
