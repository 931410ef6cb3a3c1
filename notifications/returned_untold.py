"""Payments whose return was no news when they came back, since another one paid what they were for.

When that one comes back as well, or turns out to be for something else, whoever had been told that the first arrived
would think that it still pays.
"""

from collections.abc import Sequence
from typing import Final

from django.db import connection

# By what its borrower was told of it last: a return that they know of is not told again. What only whoever had the loan
# before them was told is none of theirs.
_UNTOLD: Final = """
SELECT earlier.id
FROM loans_payment AS earlier
JOIN loans_installment AS paid_for ON paid_for.id = earlier.installment_id AND paid_for.state = 'open'
JOIN loans_loan AS loan ON loan.id = earlier.loan_id
WHERE earlier.installment_id = ANY(%(ids)s) AND earlier.status = 'returned'
  AND (SELECT told.kind
       FROM notifications_prompt AS told
       WHERE told.payment_id = earlier.id AND told.borrower_id = loan.borrower_id AND EXISTS (
            SELECT FROM notifications_delivery AS sent WHERE sent.prompt_id = told.id AND sent.sent_at IS NOT NULL)
       ORDER BY told.id DESC LIMIT 1) <> 'payment_returned'
ORDER BY earlier.id
"""


def returned_untold(installment_ids: Sequence[int]) -> list[int]:
    """Payments for these installments, as far as they are owed, that have come back and of which their borrowers were
    told last that they arrived. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, {"ids": list(installment_ids)})
        return [row[0] for row in cursor.fetchall()]
