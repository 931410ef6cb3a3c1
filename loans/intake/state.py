"""What the state of loans is, in SQL: that which must come out the same whatever the order in which reports came.

Not among it, for it tells how the reports came and not what they say: ids; when we heard something (`received_at`,
`settled_at`, `known_at`, `as_of` and the report of a position); how long firms have differed, and what they had said
before; how often figures changed under us (`version`, `schedule_version`); installments that were withdrawn, which are
kept only where they had been told of; payments that nobody speaks of any more, which are kept, as returned, because the
borrower was told of them; a borrower's contacts; the numbers and balances of statements, which move nothing.
"""

from typing import Final

from django.db import connection

# A payment is named by its reference, else by the line that booked it.
_PAYMENT: Final = """
    SELECT payment.*, loan.external_id AS loan_number, loan.bank_id,
           COALESCE(NULLIF(payment.end_to_end_id, ''), line.fingerprint, 'payment ' || payment.id) AS name
    FROM {schema}.loans_payment AS payment
    JOIN {schema}.loans_loan AS loan ON loan.id = payment.loan_id
    LEFT JOIN LATERAL (
        SELECT min(fingerprint) AS fingerprint FROM {schema}.loans_statementline
        WHERE payment_id = payment.id AND side = 'credit' AND match <> 'set_aside') AS line ON TRUE
    WHERE payment.status <> 'returned' OR line.fingerprint IS NOT NULL
       OR EXISTS (SELECT FROM {schema}.loans_paymentword WHERE payment_id = payment.id)
"""

STATE: Final = {
    "loans": """
        SELECT loan.bank_id, loan.external_id, loan.platform_id, loan.currency, loan.principal, loan.product,
               loan.disbursed_on
        FROM {schema}.loans_loan AS loan""",
    "installments": """
        SELECT loan.bank_id, loan.external_id, row.number, row.due_on, row.principal, row.interest, row.fees,
               row.penalties, row.total, row.waived, row.paid, row.outstanding, row.state, row.settled_on
        FROM {schema}.loans_installment AS row JOIN {schema}.loans_loan AS loan ON loan.id = row.loan_id
        WHERE row.state <> 'withdrawn'""",
    "positions": """
        SELECT loan.bank_id, loan.external_id, row.number, position.partner_id, position.status, position.paid,
               position.told, position.settled_on, position.due_on, position.total
        FROM {schema}.loans_position AS position
        JOIN {schema}.loans_installment AS row ON row.id = position.installment_id
        JOIN {schema}.loans_loan AS loan ON loan.id = row.loan_id
        WHERE row.state <> 'withdrawn'""",
    "payments": f"""
        SELECT payment.bank_id, payment.loan_number, payment.name, payment.status, payment.amount, payment.credit,
               payment.paid_on, payment.booked_on, payment.return_reason, row.number
        FROM ({_PAYMENT}) AS payment
        LEFT JOIN {{schema}}.loans_installment AS row ON row.id = payment.installment_id""",  # noqa: S608 - our queries
    "parts of payments": f"""
        SELECT payment.bank_id, payment.loan_number, payment.name, row.number, part.amount, part.since
        FROM {{schema}}.loans_paymentpart AS part
        JOIN ({_PAYMENT}) AS payment ON payment.id = part.payment_id
        JOIN {{schema}}.loans_installment AS row ON row.id = part.installment_id
        WHERE part.amount <> 0 OR part.since <> 0""",  # noqa: S608 - our queries
    "statement lines": f"""
        SELECT line.fingerprint, line.match, line.why, loan.external_id, payment.name
        FROM {{schema}}.loans_statementline AS line
        LEFT JOIN {{schema}}.loans_loan AS loan ON loan.id = line.loan_id
        LEFT JOIN ({_PAYMENT}) AS payment ON payment.id = line.payment_id""",  # noqa: S608 - our queries
    "differences": """
        SELECT loan.bank_id, loan.external_id, row.number, difference.kind, difference.follower_id
        FROM {schema}.loans_difference AS difference
        JOIN {schema}.loans_installment AS row ON row.id = difference.installment_id
        JOIN {schema}.loans_loan AS loan ON loan.id = row.loan_id
        WHERE difference.ended_at IS NULL""",
    "rejections": """
        SELECT report.partner_id, said.end_to_end_id, said.status, said.reason, said.amount, said.currency
        FROM {schema}.loans_paymentstatus AS said JOIN loans_report AS report ON report.id = said.report_id
        WHERE said.status IN ('RJCT', 'CANC')""",
    "waiting events": """
        SELECT event.partner_id, event.event_id, event.type, event.loan_number FROM {schema}.loans_event AS event
        WHERE event.status = 'waiting' AND event.code = 'unknown_loan'
          AND NOT EXISTS (SELECT FROM {schema}.loans_loan AS loan WHERE loan.external_id = event.loan_number)""",
    "waiting records": """
        SELECT waiting.partner_id, waiting.external_id, waiting.place FROM {schema}.loans_waitingrecord AS waiting
        WHERE NOT EXISTS (SELECT FROM {schema}.loans_loan AS loan WHERE loan.external_id = waiting.external_id)""",
}
"""Queries by what they tell of; `{schema}` stands for where the tables are."""


def state_of(schema: str = "public") -> dict[str, list[tuple[object, ...]]]:
    """All of it, sorted, for few loans. For many, compare in the database."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in STATE.items():
            cursor.execute(query.format(schema=connection.ops.quote_name(schema)))
            found[name] = sorted(cursor.fetchall(), key=repr)
    return found
