"""The backend: dead connections are found without a query; what is asked often stays planned."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.utils import load_backend
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from loans.models import Loan, PaymentPart
from loans.outages import declare_outage
from loans.tests.disputes import make_dispute
from loans.tests.factories import make_installment
from notifications.acknowledgement import acknowledge
from notifications.models import Prompt
from notifications.tests.factories import NOON
from portal.pages.overview import AHEAD
from portal.pages.overview_rows import GATHERING
from portal.postgresql.base import DatabaseWrapper, ask, is_alive
from portal.tests.people import day, tell, wait_for_bank

pytestmark = pytest.mark.django_db


@pytest.fixture
def pooled() -> Iterator[DatabaseWrapper]:
    """Another connection to the same database, out of a pool of one."""
    options = {**connection.settings_dict["OPTIONS"], "pool": {"min_size": 1, "max_size": 1, "timeout": 10}}
    described = {**connection.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": 0}
    wrapper: DatabaseWrapper = load_backend(described["ENGINE"]).DatabaseWrapper(described, DEFAULT_DB_ALIAS)
    vars(wrapper)["_connection_pools"] = {}  # Django has one an alias, and the tests' own is not to be touched
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def server_process(wrapper: Any) -> int:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_connection_that_lives_is_used_again(pooled: DatabaseWrapper) -> None:
    first = server_process(pooled)
    pooled.close()
    assert server_process(pooled) == first


def test_a_connection_whose_session_was_ended_is_replaced_before_it_is_used(pooled: DatabaseWrapper) -> None:
    first = server_process(pooled)
    pooled.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert server_process(pooled) != first


def test_a_connection_on_which_something_waits_is_asked(pooled: DatabaseWrapper) -> None:
    pooled.ensure_connection()
    listening: psycopg.Connection[Any] = pooled.connection
    assert is_alive(listening)
    with pooled.cursor() as cursor:
        cursor.execute("LISTEN nothing_of_ours")
    listening.execute("NOTIFY nothing_of_ours")
    assert is_alive(listening)
    listening.close()
    assert not is_alive(listening)


def test_the_database_looks_whether_anybody_still_waits_for_a_statement() -> None:
    """Else what a task that was ended had asked would go on, with the planners' lock."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW client_connection_check_interval")
        assert cursor.fetchone() == ("10s",)


def test_what_is_asked_again_is_planned_once_and_counted_each_time() -> None:
    statement = "SELECT %(one)s::int + 1 AS asked_by_this_test"
    with CaptureQueriesContext(connection) as queries:
        assert [ask(statement, {"one": one}) for one in range(3)] == [(1,), (2,), (3,)]
    assert len(queries) == 3
    kept = "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %(like)s::text"
    assert ask(kept, {"like": "%asked_by_this_test"}) == (2,)


@pytest.mark.usefixtures("noon")
def test_one_gathering_reads_what_the_querysets_read(borrower: User, loan: Loan) -> None:
    first = make_installment(loan, due_on=day(3))
    acknowledge(prompt_id=tell(first).pk, method="in_app", delivery_id=None, now=NOON)
    tell(make_installment(loan, due_on=day(-2)), kind=Prompt.Kind.OVERDUE)
    payment = wait_for_bank(waiting := make_installment(loan, due_on=day(0)), paid_on=day(-1))
    PaymentPart.objects.create(payment=payment, installment=waiting, amount=payment.amount)
    make_dispute(loan, installment=first, now=NOON)
    borrower.contact_points.filter(kind="phone").update(unreachable_since=NOON - timedelta(days=1))
    declare_outage(loan.bank, starts_at=NOON - timedelta(hours=1), now=NOON, reason="No payments are taken.")
    given = {"borrower": borrower.pk, "last_day": day(0) + AHEAD, "now": NOON + timedelta(seconds=1)}
    rows = GATHERING.read(GATHERING.ask(**given))
    for name, make in GATHERING._querysets.items():
        expected = [list(row) for row in make(**given)]
        assert expected, name
        assert rows[name] == expected
        assert [list(map(type, row)) for row in rows[name]] == [list(map(type, row)) for row in expected]
