"""What a payment leaves to be paid: of the installment that it is for, or nothing more of its loan. And how much of
what is to be paid is on its way.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from notifications.arrays import numbers
from notifications.in_doubt import HOLDS
from notifications.prepared import prepared_cursor
from notifications.tellings import Telling

# What is disputed or in doubt is not asked for. What others have seen and the bank has not booked yet is on its way;
# where the bank's figure may hold some of that already, nobody can say what is left, and nobody does.
_REST: Final = f"""
SELECT prompt.id, installment.due_on, installment.outstanding - COALESCE((
           SELECT sum(part.amount)
           FROM loans_paymentpart AS part JOIN loans_payment AS seen ON seen.id = part.payment_id
           WHERE part.installment_id = installment.id AND seen.status = 'received'), 0)
FROM notifications_prompt AS prompt
JOIN loans_payment AS payment ON payment.id = prompt.payment_id
JOIN loans_installment AS installment ON installment.id = payment.installment_id AND installment.state = 'open'
WHERE prompt.id = ANY(%(ids)s::bigint[]) AND payment.status IN ('received', 'settled')
  AND EXISTS (
    SELECT FROM loans_paymentpart AS own WHERE own.payment_id = payment.id AND own.installment_id = installment.id)
  AND NOT EXISTS (
    SELECT FROM loans_paymentpart AS part JOIN loans_payment AS seen ON seen.id = part.payment_id
    WHERE part.installment_id = installment.id AND seen.status = 'received' AND part.since < part.amount)
  AND NOT EXISTS (
    SELECT FROM loans_dispute AS dispute
    WHERE dispute.loan_id = installment.loan_id AND dispute.status <> 'decided'
      AND (dispute.installment_id IS NULL OR dispute.installment_id = installment.id))
  AND NOT {HOLDS.format(loan="installment.loan_id", installment="installment.id")}
"""  # noqa: S608  (nothing of it comes from outside)
# As in _REST, but for disputes, which only reminders of what is to come pass by. By the index of parts, of which few
# installments that are open have any.
_ON_ITS_WAY: Final = f"""
SELECT installment.id, sum(part.amount),
       bool_and(part.since = part.amount)
       AND NOT {HOLDS.format(loan="installment.loan_id", installment="installment.id")}
FROM loans_paymentpart AS part
JOIN loans_payment AS seen ON seen.id = part.payment_id AND seen.status = 'received'
JOIN loans_installment AS installment ON installment.id = part.installment_id
WHERE part.installment_id = ANY(%(ids)s::bigint[]) AND part.amount > 0
GROUP BY installment.id
"""  # noqa: S608  (nothing of it comes from outside)
_OF_ONE: Final = """
(SELECT CASE WHEN bool_and(part.since = part.amount) AND NOT {in_doubt} THEN sum(part.amount) END
 FROM loans_paymentpart AS part
 JOIN loans_payment AS seen ON seen.id = part.payment_id AND seen.status = 'received'
 WHERE part.installment_id = {installment}.id AND part.amount > 0)
"""
# For sure: the bank has booked all of a schedule that pays back the whole loan and waived no installment as a whole,
# both firms say the same of it, and nothing of it is disputed.
_PAID_OFF: Final = """
SELECT prompt.id
FROM notifications_prompt AS prompt
JOIN loans_payment AS payment ON payment.id = prompt.payment_id AND payment.status = 'settled'
JOIN loans_loan AS loan ON loan.id = payment.loan_id
CROSS JOIN LATERAL (
    SELECT bool_and(installment.state = 'settled' AND (installment.paid > 0 OR installment.waived = 0)) AS is_settled,
           sum(installment.principal) AS principal
    FROM loans_installment AS installment
    WHERE installment.loan_id = loan.id AND installment.state <> 'withdrawn') AS schedule
WHERE prompt.id = ANY(%(ids)s::bigint[]) AND schedule.is_settled AND schedule.principal >= loan.principal
  AND loan.principal > 0
  AND NOT EXISTS (SELECT FROM loans_dispute AS dispute WHERE dispute.loan_id = loan.id AND dispute.status <> 'decided')
  AND NOT EXISTS (
    SELECT FROM loans_difference AS difference JOIN loans_installment AS installment
      ON installment.id = difference.installment_id
    WHERE installment.loan_id = loan.id AND difference.ended_at IS NULL)
"""


class Left(NamedTuple):
    """`rest` of what is due on `due_on` is still to be paid, in the loan's currency; or all of the loan is paid."""

    rest: Decimal | None = None
    due_on: date | None = None
    paid_off: bool = False


def left_after(tellings: Sequence[Telling]) -> dict[int, Left]:
    """By prompt what the payment that it tells of leaves, where that is known for sure; no query where none does."""
    ids = [telling.prompt_id for telling in tellings if telling.payment_status is not None]
    if not ids:
        return {}
    found = {pk: Left(rest, due_on) for pk, due_on, rest in _rows(_REST, ids) if rest > 0}
    return found | {pk: Left(paid_off=True) for (pk,) in _rows(_PAID_OFF, ids)}


def part_on_its_way(installment: str) -> str:
    """As SQL on this table, what `on_its_way` says of a row, NULL also where nothing is on its way."""
    in_doubt = HOLDS.format(loan=f"{installment}.loan_id", installment=f"{installment}.id")
    return _OF_ONE.format(in_doubt=in_doubt, installment=installment)


def on_its_way(installment_ids: Collection[int]) -> dict[int, Decimal | None]:
    """How much of these installments others have seen and the bank has not booked yet; None where nobody can say how
    much of that the bank's figure still asks for. Those of which nothing is on its way are left out.
    """
    rows = _rows(_ON_ITS_WAY, installment_ids) if installment_ids else ()
    return {pk: amount if sure else None for pk, amount, sure in rows}


def _rows(statement: str, ids: Collection[int]) -> list[tuple[Any, ...]]:
    with prepared_cursor() as cursor:
        cursor.execute(statement, {"ids": numbers(ids)})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
