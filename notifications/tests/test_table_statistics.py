"""What the database knows of the size of its tables when a plan is made."""

from collections.abc import Iterator

import pytest
from django.db import connection

from loans.tests.factories import make_installment
from notifications.planning import plan_upcoming
from notifications.table_statistics import refresh
from notifications.tests.factories import TODAY, clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd() -> Iterator[str]:
    """An empty table."""
    run("CREATE TEMPORARY TABLE crowd (number int)")
    yield "crowd"
    run("DROP TABLE crowd")


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def add(rows: int) -> None:
    run(f"INSERT INTO crowd SELECT generate_series(1, {rows})")


def known_rows(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return float(cursor.fetchone()[0])


def test_a_table_that_has_outgrown_what_is_known_of_it_is_analysed(crowd: str) -> None:
    for rows, known in ((5_000, 5_000), (9_000, 14_000)):
        add(rows)
        refresh([crowd])
        assert known_rows(crowd) == known


def test_a_table_that_has_grown_a_little_is_left_alone(crowd: str) -> None:
    add(5_000)
    refresh([crowd])
    add(500)
    refresh([crowd])
    assert known_rows(crowd) == 5_000


def test_what_was_imported_a_moment_ago_is_known_when_it_is_planned() -> None:
    tables = ("accounts_user", "accounts_contactpoint", "loans_loan", "loans_installment", "notifications_prompt")
    make_installment(due_on=TODAY)
    for table in tables:
        run(f"UPDATE pg_class SET reltuples = -1 WHERE oid = '{table}'::regclass")
    plan_upcoming(clock())
    assert all(known_rows(table) > 0 for table in tables)
