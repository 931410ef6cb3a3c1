"""What was overdue for longer than the calendar reaches when it was first known: of that the portal tells nobody by
itself, since it began before it, and a book that is brought in may be full of it. So it is counted, for people.
"""

from datetime import datetime
from typing import Final

from django.db import connection

from notifications.calendar import OVERDUE_WINDOW

_COUNT: Final = """
SELECT count(*)
FROM loans_installment AS installment
WHERE installment.state = 'open' AND installment.due_on < %(before)s::date - %(window)s
  AND installment.known_at >= installment.due_on + %(window)s + 1
  AND NOT EXISTS (
      SELECT FROM notifications_prompt AS prompt
      WHERE prompt.installment_id = installment.id AND prompt.kind IN ('overdue', 'prior_notice'))
"""


def count_long_overdue(now: datetime) -> int:
    """How many open installments were more than OVERDUE_WINDOW days overdue when their figures came, and nobody has
    planned a word about since. Days are of UTC, give or take the borrower's.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"before": now.date(), "window": OVERDUE_WINDOW})
        return int(cursor.fetchone()[0])
