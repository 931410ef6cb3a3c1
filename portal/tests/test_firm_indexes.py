"""Every sweep and queue about the two firms is served by an index: none reads a whole book each minute."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet

from loans import consistency, discrepancies, outages
from loans.models import Difference, Discrepancy, Feed, Installment, OutageHold, RefusalRun, Report
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.positions import START, say
from notifications import awaiting
from notifications.feeds import with_last_heard
from notifications.refusals import with_last_taken
from notifications.unread import lies_unread

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _a_difference() -> None:
    installment = make_installment(make_loan(), due_on=date(2026, 12, 5))
    say(installment, make_bank(), Decimal(0), now=START)
    say(installment, make_platform(), Decimal(100), now=START)
    discrepancies.sweep(START + 9 * DAY)
    Feed.objects.create(partner=make_bank(), kind="loans")
    _a_settled_book()


def _a_settled_book() -> None:
    """So many rows that are over that reading them all would cost more than an index."""
    loan, bank, platform = make_loan(), make_bank(), make_platform()
    common = {"loan": loan, "total": 1, "paid": 1, "outstanding": 0, "state": "settled", "payment_reference": ""}
    rows = Installment.objects.bulk_create(
        Installment(number=number, due_on=date(2025, 12, 5), **common) for number in range(1, 2001)
    )
    Difference.objects.bulk_create(
        Difference(
            installment=row, kind="amounts", bank=bank, platform=platform, follower=bank,
            since=START - 99 * DAY, ended_at=START - 98 * DAY,
        )
        for row in rows
    )  # fmt: skip
    Report.objects.bulk_create(
        Report(
            partner=bank, kind="events", name="e", content=b"", digest=f"{number}", message_id=f"m-{number}",
            received_at=START + timedelta(minutes=number), status="applied",
        )
        for number in range(2000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE loans_installment, loans_difference, loans_report")


def plan_of(sql: str, parameters: Any = None) -> str:
    """A few rows are always read faster one by one, so that way is closed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return "\n".join(row[0] for row in cursor.fetchall())


OUTAGE: dict[str, Any] = {
    "outage": 1,
    "partner": 1,
    "counterpart": None,
    "product": "",
    "currency": "",
    "now": START,
    "held_until": None,
    "at_most": 20_000,
    "started": True,
    "zones": ["UTC"],
    "firsts": [START.date()],
    "lasts": [START.date()],
    "first": START.date(),
    "last": START.date(),
}


@pytest.mark.parametrize(
    ("sql", "parameters", "indexes"),
    [
        (discrepancies._OPEN, {"now": START, "due_by": START}, {"difference_open"}),
        (discrepancies._CLOSE, {"now": START}, {"discrepancy_open"}),
        (consistency._MEASURE, {"now": START, "first": START - DAY}, {"difference_open", "difference_ended"}),
        (awaiting._OPEN, {"now": START, "act_by": START, "reason": "x"}, {"difference_"}),
        (awaiting._CLOSE, {"now": START}, {"agent_task"}),
        (outages._TOUCH, OUTAGE, {"installment_open_by_due", "installment_awaiting_bank"}),
    ],
    ids=["open", "close", "measure", "wait", "wait no more", "touch"],
)
def test_each_sweep_reads_what_it_is_about(sql: str, parameters: dict[str, Any], indexes: set[str]) -> None:
    plan = plan_of(sql, parameters)
    assert [name for name in indexes if name not in plan] == [], plan


def test_each_question_of_a_page_is_served_by_an_index() -> None:
    asked: dict[str, QuerySet[Any]] = {
        "discrepancy_open": Discrepancy.objects.open().order_by("due_by", "pk")[:8],
        "report_last_heard": with_last_heard(Feed.objects.all(), START),
        "installment": OutageHold.objects.in_force(START).filter(installment__in=[1, 2]),
        "installment_awaiting_bank": Installment.objects.filter(state="awaiting_bank", loan__in=[1, 2]).only("pk"),
    }
    refused = with_last_taken(RefusalRun.objects.all())
    firms = Report.objects.filter(partner__in=[1, 2])
    messages, files = (firms.filter(lies_unread(START, [kind])) for kind in (Report.Kind.EVENTS, Report.Kind.LOANS))
    # Two indexes know a firm's files of a kind, at the same cost: which one is taken lies with the sample.
    more = [("report_last_heard", refused), ("report_events_waiting", messages), ("Scan using report_", files)]
    for index, rows in [*asked.items(), *more]:
        plan = plan_of(*rows.query.sql_with_params())
        assert index in plan, plan
