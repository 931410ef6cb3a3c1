"""Whether an installment was told since a moment, in a way that proves it: then nobody calls for an alarm about it."""

from datetime import datetime
from typing import Final

from django.db import connection

from notifications.named import NAMES_IT

# Of the stages of the figures that hold now, and of the news that a payment came back, which is the reminder of what is
# owed again where they have a deadline. OFFSET 0 keeps each question a look-up by the index.
PROVED: Final = f"""
(EXISTS (
    SELECT FROM notifications_delivery AS delivery
    WHERE delivery.prompt_id = COALESCE({{prompt}}.told_with_id, {{prompt}}.id) AND delivery.delivered_at >= {{since}}
      AND {NAMES_IT.format(delivery="delivery")} OFFSET 0)
 OR EXISTS (
    SELECT FROM notifications_acknowledgement AS answer
    WHERE answer.prompt_id = {{prompt}}.id AND answer.acknowledged_at >= {{since}} OFFSET 0)
 OR EXISTS (
    SELECT FROM notifications_agenttask AS told
    WHERE told.prompt_id = COALESCE({{prompt}}.told_with_id, {{prompt}}.id) AND told.outcome = 'told'
      AND told.done_at >= {{since}} AND {{prompt}}.status IN ('told', 'acknowledged') OFFSET 0)
 OR EXISTS (
    SELECT FROM notifications_duty AS duty JOIN notifications_firmtelling AS word ON word.id = duty.telling_id
    WHERE duty.prompt_id = {{prompt}}.id AND duty.status = 'met' AND word.proof NOT IN ('accepted', 'failed')
      AND word.sent_at >= {{since}} OFFSET 0))
"""  # noqa: S608  (nothing of it comes from outside)
"""As SQL beside the table `installment`: that `prompt`, of figures or a return, reached its borrower since then."""
_THIS: Final = PROVED.format(prompt="prompt", since="{since}")
TOLD_SINCE: Final = f"""
(EXISTS (
    SELECT FROM notifications_prompt AS prompt
    WHERE prompt.installment_id = installment.id AND prompt.version = installment.version
      AND prompt.kind IN ('upcoming', 'overdue') AND prompt.payment_id IS NULL AND prompt.dispute_id IS NULL
      AND prompt.voided_at IS NULL AND {_THIS} OFFSET 0)
 OR EXISTS (
    SELECT FROM loans_payment AS payment
    JOIN notifications_prompt AS prompt
      ON prompt.payment_id = payment.id AND prompt.kind = 'payment_returned' AND prompt.voided_at IS NULL
     AND prompt.deadline IS NOT NULL AND prompt.planned_at >= installment.known_at
    WHERE payment.installment_id = installment.id AND payment.status = 'returned' AND {_THIS} OFFSET 0))
"""  # noqa: S608
"""As SQL beside the table `installment`, for a moment `since`."""
_ASK: Final = f"""
SELECT {TOLD_SINCE.format(since="%(since)s")}
FROM loans_installment AS installment WHERE installment.id = %(installment)s
"""  # noqa: S608


def told_since(installment_id: int, since: datetime) -> bool:
    """Whether anything that tells what is owed of it now arrived, was answered, or was told by a person or a firm, from
    `since` on; one query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ASK, {"installment": installment_id, "since": since})
        found = cursor.fetchone()
    return bool(found and found[0])
