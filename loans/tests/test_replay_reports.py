"""An operator replays all reports beside the tables and sees whether the two agree."""

import pytest
from django.db import connection

from accounts.tests.factories import make_agent
from loans.intake.deciding import match_line, set_aside
from loans.models import Installment, Report, StatementLine
from loans.tests.factories import make_bank, make_platform
from loans.tests.import_runs import run
from loans.tests.intake_files import booked, loan_of, seen, send_entries, send_loans

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _history() -> None:
    make_bank()
    make_platform()
    send_entries([booked(1, "E-10", "LN-10"), booked(2, text="rent"), booked(3, text="thanks")])
    send_loans([loan_of(number, transactions=[seen(f"E-{number}")]) for number in (10, 12)], "lantern")
    send_loans([loan_of(number, due="2026-12-20") for number in (10, 12)])
    lines = list(StatementLine.objects.waiting().order_by("reference"))
    now, agent = Report.objects.latest("received_at").received_at, make_agent()
    target = Installment.objects.get(payment_reference="LN-12-2")
    match_line(line_id=lines[0].pk, installment_id=target.pk, agent=agent, now=now)
    set_aside(line_id=lines[1].pk, reason="a gift", agent=agent, now=now)


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'loans%'")
        return {row[0] for row in cursor.fetchall()}


@pytest.mark.parametrize("order", [[], ["--shuffled", "1"], ["--shuffled", "2"]])
def test_the_reports_and_the_decisions_give_the_state_that_is_on_record(order: list[str]) -> None:
    ended = run("replay_reports", *order)
    assert (ended.code, ended.out) == (0, "The same state by 3 reports.\n")
    assert "3 of 3 reports" in ended.err
    assert schemas() == set()


def test_what_does_not_come_from_the_reports_is_named() -> None:
    Installment.objects.filter(payment_reference="LN-12-1").update(settled_on="2026-11-11")
    ended = run("replay_reports")
    assert ended.code == 2
    assert ended.out.startswith("installments: 1 only on record, 1 only by the reports")
    assert "LN-12" in ended.out
    assert schemas() == set()
