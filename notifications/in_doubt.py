"""What a bank has booked and cannot be true as it says it: nothing is demanded as overdue until a person has asked.

Such a booking is most often a slip in a true one. It holds the installment that it names, else its whole loan, until
the bank says it right, an agent decides the statement's line, or closes the alarm.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from loans.intake.likely import TOO_EARLY, TOO_LATE, TOO_MUCH
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm

DETAIL: Final = "A bank says that it booked this, and it cannot be true: ask it. Nothing is called overdue meanwhile."
_REASONS: Final = ", ".join(f"'{doubt.reason}'" for doubt in (TOO_MUCH, TOO_EARLY, TOO_LATE))
# A number that the loan has not is no number, as with what can be true.
_BOOKED: Final = """
    FROM loans_payment AS booking
    JOIN loans_loan AS booked ON booked.id = booking.loan_id
    JOIN loans_paymentword AS said ON said.payment_id = booking.id AND said.partner_id = booked.bank_id
                                  AND said.arrived AND NOT said.reversed
    LEFT JOIN loans_installment AS named
           ON named.loan_id = booking.loan_id AND named.number = said.number AND named.state <> 'withdrawn'
"""
_NOT_CLOSED: Final = """
    NOT EXISTS (
        SELECT FROM notifications_alarm AS closed
        WHERE closed.kind = 'doubted' AND closed.subject = 'payment:' || booking.id AND closed.closed_by_id IS NOT NULL)
"""
HOLDS: Final = f"""
(EXISTS (
    SELECT {_BOOKED}
    WHERE booking.loan_id = {{loan}} AND booking.status = 'doubted'
      AND COALESCE(named.id, {{installment}}) = {{installment}} AND {_NOT_CLOSED}
    OFFSET 0)
 OR EXISTS (
    SELECT FROM loans_statementline AS line
    WHERE line.loan_id = {{loan}} AND line.side = 'credit' AND line.match = 'unmatched' AND line.why IN ({_REASONS})
    OFFSET 0))
"""  # noqa: S608  (nothing of it comes from outside)
"""Whether the installment, by the columns that have its id and its loan's, is held."""
LOANS: Final = f"""
SELECT booking.loan_id FROM loans_payment AS booking WHERE booking.status = 'doubted' AND {_NOT_CLOSED}
UNION ALL
SELECT line.loan_id FROM loans_statementline AS line
WHERE line.side = 'credit' AND line.match = 'unmatched' AND line.why IN ({_REASONS})
"""  # noqa: S608  (nothing of it comes from outside)
"""Those of which an installment may be held."""
_HELD: Final = f"""
SELECT installment.id FROM loans_installment AS installment
WHERE installment.id = ANY(%s) AND {HOLDS.format(loan="installment.loan_id", installment="installment.id")}
"""  # noqa: S608  (nothing of it comes from outside)
# One that holds nothing that is still demanded needs nobody.
_HOLDING: Final = f"""
SELECT DISTINCT booking.id, booked.external_id, bank.name
{_BOOKED}
JOIN loans_partner AS bank ON bank.id = booked.bank_id
WHERE booking.status = 'doubted' AND {_NOT_CLOSED} AND EXISTS (
    SELECT FROM loans_installment AS held
    WHERE held.loan_id = booking.loan_id AND held.state = 'open' AND COALESCE(named.id, held.id) = held.id)
"""  # noqa: S608  (nothing of it comes from outside)


def held_by_doubt(installment_ids: Sequence[int]) -> set[int]:
    """Those of these that a bank may have booked."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(installment_ids)])
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def watch_doubted(now: datetime) -> int:
    """Open an alarm for each booking that cannot be true and holds something, close those of the others; returns how
    many are open. Lines of statements wait for an agent in a list of their own.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING)
        holding = {f"payment:{pk}": Wrong(DETAIL, _facts(pk, loan, firm)) for pk, loan, firm in cursor.fetchall()}
    keep_alarms(Alarm.Kind.DOUBTED, holding, now)
    return len(holding)


def _facts(payment_id: int, loan: str, firm: str) -> dict[str, Any]:
    """Which payment, the number of its loan and the bank's name."""
    return {"payment": payment_id, "loan": loan, "firm": firm}
