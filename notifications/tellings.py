"""Claimed deliveries with all that they are worded from, as plain rows: one query for a block, whatever they are about.

Rows and not objects: reading a block of mails as model instances took half of the time between claim and record.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from accounts.models.user import zone_of
from notifications.arrays import numbers
from notifications.models import Prompt
from notifications.needed import KINDS, may_be_told
from notifications.prepared import prepared_cursor
from notifications.reach import WAY, WHY_CLOSED


class Telling(NamedTuple):
    """One claimed delivery. What is about an installment, a payment or a dispute is None where there is none.

    `closed` says why it must not go there any more, empty where it may. `needed` says of one that leads others whether
    its own installment is to be told (`needed`). `already_paid` is what was paid beside
    what is `outstanding`. `loan_tail` is the end of the loan's number. `at` is the moment from
    which it was to go out, as PostgreSQL writes it: reading it costs more than finding it, and only the last one's is
    asked for.
    """

    delivery_id: int
    channel: str
    address: str
    closed: str
    prompt_id: int
    kind: str
    stage: int
    version: int
    borrower_id: int
    borrower_name: str
    language: str
    time_zone: str
    jurisdiction: str
    installment_id: int | None
    needed: bool | None
    outstanding: Decimal | None
    already_paid: Decimal | None
    due_on: date | None
    payment_reference: str | None
    product: str
    loan_tail: str
    currency: str
    bank_id: int
    platform_id: int | None
    paid: Decimal | None
    paid_on: date | None
    payment_status: str | None
    dispute_number: str | None
    answer_by: date | None
    decision: str | None
    at: str

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)[0]

    @property
    def asks_acknowledgement(self) -> bool:
        return self.kind in Prompt.ASKING

    @property
    def says_withdrawn(self) -> bool:
        """As of the prompt."""
        return self.kind == Prompt.Kind.SCHEDULE_CHANGED and self.stage == Prompt.WITHDRAWN

    @property
    def says_changed(self) -> bool:
        """That the bank has changed figures of what is still owed."""
        return self.kind == Prompt.Kind.SCHEDULE_CHANGED and not self.says_withdrawn

    @property
    def names_what_is_owed(self) -> bool:
        """It says how much is to be paid by when, whether or not it asks for an answer."""
        return self.asks_acknowledgement or self.says_changed


class Companion(NamedTuple):
    """An installment that another prompt's message names as well."""

    prompt_id: int
    version: int
    leading_id: int
    installment_id: int
    needed: bool
    outstanding: Decimal
    already_paid: Decimal
    due_on: date
    payment_reference: str
    product: str
    loan_tail: str
    currency: str
    bank_id: int
    platform_id: int | None


class Firm(NamedTuple):
    """What a message says about a bank or platform."""

    name: str
    phone: str
    how_to_pay: str
    usual_lag_days: int


# Only where it leads others does it matter whether it is needed itself, and what may hold it costs three look-ups.
ABOUT: Final = f"""
prompt.id AS prompt_id, prompt.kind, prompt.stage, prompt.version, prompt.borrower_id, prompt.installment_id,
prompt.dispute_id,
CASE WHEN prompt.kind = ANY(%(held_by_dispute)s) AND NOT EXISTS (
              SELECT FROM notifications_prompt AS companion WHERE companion.told_with_id = prompt.id)
     THEN TRUE ELSE ({may_be_told("prompt", "installment")}) END AS needed,
installment.outstanding, installment.paid AS already_paid, installment.due_on, installment.payment_reference,
installment.loan_id,
payment.amount AS paid, payment.paid_on, payment.status AS payment_status, payment.loan_id AS paid_loan_id
"""
"""Of the tables of PROMPTS what a telling is about: the columns of a table `about`."""
PROMPTS: Final = """
notifications_prompt AS prompt
LEFT JOIN loans_payment AS payment ON payment.id = prompt.payment_id
LEFT JOIN loans_installment AS installment
       ON installment.id = CASE WHEN payment.id IS NULL THEN prompt.installment_id ELSE payment.installment_id END
"""
DELIVERY: Final = (
    "delivery.id, delivery.channel, delivery.address, delivery.contact_point_id, delivery.next_attempt_at, about.*"
)
_THESE: Final = f"""
SELECT {DELIVERY}
FROM notifications_delivery AS delivery
CROSS JOIN LATERAL (SELECT {ABOUT} FROM {PROMPTS} WHERE prompt.id = delivery.prompt_id OFFSET 0) AS about
WHERE delivery.id = ANY(%(ids)s::bigint[])
"""  # noqa: S608  (nothing of it comes from outside)
_COMPANIONS: Final = f"""
SELECT companion.id, companion.version, companion.told_with_id, installment.id,
       ({may_be_told("companion", "installment")}),
       installment.outstanding, installment.paid, installment.due_on, installment.payment_reference,
       loan.product, right(loan.external_id, 4), loan.currency, loan.bank_id, loan.platform_id
FROM notifications_prompt AS companion
JOIN loans_installment AS installment ON installment.id = companion.installment_id
JOIN loans_loan AS loan ON loan.id = installment.loan_id
WHERE companion.told_with_id = ANY(%(ids)s::bigint[])
ORDER BY companion.id
"""  # noqa: S608
_FIRMS: Final = (
    "SELECT id, name, phone, how_to_pay, usual_lag_days FROM loans_partner WHERE id = ANY(%(ids)s::bigint[])"
)


def among(deliveries: str) -> str:
    """As SQL: the tellings of what this statement selects, which are the columns DELIVERY; in its order, row by row."""
    return f"""
SELECT telling.id, telling.channel, telling.address, {WHY_CLOSED},
       telling.prompt_id, telling.kind, telling.stage, telling.version,
       borrower.id, borrower.name, borrower.locale, borrower.time_zone, borrower.jurisdiction,
       telling.installment_id, telling.needed,
       telling.outstanding, telling.already_paid, telling.due_on, telling.payment_reference,
       loan.product, right(loan.external_id, 4), loan.currency, loan.bank_id, loan.platform_id,
       telling.paid, telling.paid_on, telling.payment_status,
       dispute.receipt_number, dispute.answer_due_on, dispute.decision, telling.next_attempt_at::text
FROM ({deliveries}) AS telling
JOIN accounts_user AS borrower ON borrower.id = telling.borrower_id
LEFT JOIN loans_dispute AS dispute ON dispute.id = telling.dispute_id
JOIN loans_loan AS loan ON loan.id = COALESCE(dispute.loan_id, telling.paid_loan_id, telling.loan_id)
{WAY}"""  # noqa: S608  (nothing of it comes from outside)


def tellings_of(delivery_ids: Collection[int], *, now: datetime) -> list[Telling]:
    """These deliveries, in the order in which they were to be sent."""
    in_order = f"{among(_THESE)}ORDER BY telling.next_attempt_at, telling.id"
    return [Telling._make(row) for row in _rows(in_order, delivery_ids, **_holds(now))]


def companions_named(tellings: Iterable[Telling], *, now: datetime) -> dict[int, list[Companion]]:
    """What else the message of each of these prompts names, by prompt; none for a prompt that leads nobody."""
    leading = [telling.prompt_id for telling in tellings if telling.kind in Prompt.OF_FIGURES]
    found: dict[int, list[Companion]] = {}
    for row in _rows(_COMPANIONS, leading, **_holds(now)):
        companion = Companion._make(row)
        found.setdefault(companion.leading_id, []).append(companion)
    return found


def firms_named(tellings: Iterable[Telling], companions: Mapping[int, Sequence[Companion]]) -> dict[int, Firm]:
    """The firms on the other side of these tellings, by id."""
    ids = {pk for telling in tellings for pk in (telling.bank_id, telling.platform_id) if pk}
    ids.update(pk for some in companions.values() for one in some for pk in (one.bank_id, one.platform_id) if pk)
    return {pk: Firm._make(row) for pk, *row in _rows(_FIRMS, ids)}


def _holds(now: datetime) -> dict[str, Any]:
    return {**KINDS, "now": now}


def _rows(statement: str, ids: Collection[int], **parameters: Any) -> list[tuple[Any, ...]]:
    if not ids:
        return []
    with prepared_cursor() as cursor:
        cursor.execute(statement, {"ids": numbers(ids), **parameters})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
