"""The least that a plan can be: what is due is looked for, the rows are written, they are kept apart, and can be found.

By two connections, each with half of the people, in the cheapest way that is known for each of these: the look asks for
no calendar, no plan of leads and nobody's preferences; the rows are the very same, copied; the tables stand for new
partitions, whose indexes are made once they are full. Across partitions only a table of its own can keep two prompts
apart, a narrow one, with its index from the first row on.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from django.db import transaction

from benchmarks.limits.bare_insert import time_copying
from benchmarks.limits.side_by_side import CONNECTIONS, side_by_side
from benchmarks.measure import Trial, expect
from benchmarks.product import PROMPTS
from benchmarks.tables import execute, rows
from notifications.planning_calendar import PORTION

KEPT_APART: Final = "installment_id, kind, stage, version"
_SEARCH: Final = """
WITH found AS MATERIALIZED (
    SELECT installment.id, installment.version, installment.known_at, loan.borrower_id, loan.bank_id, loan.platform_id,
           loan.currency, person.time_zone, person.jurisdiction, email.id AS email_id, email.address AS email_address,
           phone.id AS phone_id, phone.address AS phone_address
    FROM loans_installment AS installment
    JOIN loans_loan AS loan ON loan.id = installment.loan_id
    JOIN accounts_user AS person ON person.id = loan.borrower_id
    LEFT JOIN accounts_contactpoint AS email
           ON email.user_id = person.id AND email.kind = 'email' AND email.retired_at IS NULL
    LEFT JOIN accounts_contactpoint AS phone
           ON phone.user_id = person.id AND phone.kind = 'phone' AND phone.retired_at IS NULL
    WHERE installment.due_on = ANY(%s) AND installment.state = 'open'
      AND loan.borrower_id >= %s AND loan.borrower_id < %s
      AND person.id >= %s AND person.id < %s
      AND NOT EXISTS (
          SELECT FROM bare_kept_apart AS planned
          WHERE planned.installment_id = installment.id AND planned.kind = 'upcoming'
            AND planned.version = installment.version)
    ORDER BY loan.borrower_id)
SELECT count(*), max(currency), max(time_zone), max(jurisdiction), max(email_address), max(phone_address),
       max(known_at), max(bank_id + platform_id + version + email_id + phone_id)
FROM found
"""
"""Once it stands there, and each column is asked for; none of it is sent to anybody."""
_BY_PERSON: Final = "(borrower_id"
"""How the definition of an index begins that finds what one person was told: a plan could do without."""
_IN_MEMORY: Final = (
    "SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'; SET max_parallel_maintenance_workers = 0"
)
_Range = tuple[str, int, int]
"""A table, and its ids from the first until before the last."""


def insert_least(n: int, tables: Sequence[str]) -> Trial:
    """The same trial as the bare insert of what ours has planned for `n`, with the least that a plan adds to it."""
    due = [
        row[0]
        for row in rows(f"""
        SELECT DISTINCT due_on FROM loans_installment WHERE id IN (SELECT installment_id FROM {PROMPTS})""")
    ]
    people = _cut("accounts_user", CONNECTIONS)
    parts = max(n // PORTION, CONNECTIONS)
    portions = [list(portion) for portion in zip(*(_cut(table, parts) for table in tables), strict=True)]
    indexes = _indexes(tables)
    found: list[int] = []

    def write(part: int) -> None:
        execute(_IN_MEMORY)
        _table, first, upto = people[part]
        found.append(rows(_SEARCH, [due, first, upto, first, upto])[0][0])
        _copy_portions(portions[part * parts // CONNECTIONS : (part + 1) * parts // CONNECTIONS])

    def index(part: int) -> None:
        execute(_IN_MEMORY)
        for statement in indexes[part::CONNECTIONS]:
            execute(statement)

    def copy() -> None:
        side_by_side(write)
        side_by_side(index)

    execute("DROP TABLE IF EXISTS bare_kept_apart")
    execute(f"CREATE TABLE bare_kept_apart AS SELECT {KEPT_APART} FROM {PROMPTS} WITH NO DATA")
    execute(f"CREATE UNIQUE INDEX ON bare_kept_apart ({KEPT_APART})")
    trial = time_copying(n, tables, copy)
    expect("installments found due", n, sum(found))
    execute("DROP TABLE bare_kept_apart")
    return trial


def _cut(table: str, parts: int) -> list[_Range]:
    """So many ranges of its ids, of the same size."""
    first, last = rows(f"SELECT min(id), max(id) FROM {table}")[0]
    bounds = [first + (last + 1 - first) * part // parts for part in range(parts + 1)]
    return [(table, lowest, upto) for lowest, upto in pairwise(bounds)]


def _copy_portions(portions: Iterable[Iterable[_Range]]) -> None:
    """Each in a transaction of its own."""
    for portion in portions:
        with transaction.atomic():
            for table, first, upto in portion:
                execute(f"INSERT INTO bare_{table} SELECT * FROM {table} WHERE id >= %s AND id < %s", [first, upto])
                if table == PROMPTS:
                    execute(
                        f"INSERT INTO bare_kept_apart SELECT {KEPT_APART} FROM {table} WHERE id >= %s AND id < %s",
                        [first, upto],
                    )


def _indexes(tables: Sequence[str]) -> list[str]:
    """What makes those of the product, without those by person and the one that the narrow table takes the place of."""
    statements = []
    for table in tables:
        for (definition,) in rows("SELECT indexdef FROM pg_indexes WHERE tablename = %s ORDER BY indexname", [table]):
            head, body = definition.split(" USING ", 1)
            if _BY_PERSON not in body and f"({KEPT_APART})" not in body:
                statements.append(f"CREATE {'UNIQUE ' if 'UNIQUE' in head else ''}INDEX ON bare_{table} USING {body}")
    return statements
