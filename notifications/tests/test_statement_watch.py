"""A bank's statement that is missing or does not fit is an alarm until it comes, or an agent says why it stays so."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.models import Report, Statement
from loans.tests.factories import make_bank
from notifications import tasks
from notifications.alarms import ClosedBeforeError, close_by_hand
from notifications.models import Alarm
from notifications.statement_watch import settled_by_hand, watch_statements
from notifications.tests.factories import NOON

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
_digests = count(1)


@pytest.fixture
def agent() -> User:
    return make_agent()


def come(number: int, opening: int | None = None, closing: int | None = None, **fields: object) -> Statement:
    """A daily statement of this number; `difference` is 0 unless it is said."""
    report = Report.objects.create(
        partner=make_bank(), kind="statement", name="053.xml", content=b"x", digest=f"{next(_digests):064x}",
        received_at=NOON, status="applied",
    )  # fmt: skip
    balances = {"opening": opening, "closing": closing}
    said = {name: None if value is None else Decimal(value) for name, value in balances.items()}
    return Statement.objects.create(
        **{
            "report": report, "partner": report.partner, "place": "statement 1", "series": "camt.053",
            "account": "6222", "year": NOON.year, "number": number, "booked": Decimal(0), "difference": Decimal(0),
            "currency": "CNY", "entries": 0, **said, **fields,
        }
    )  # fmt: skip


def open_now() -> list[str]:
    return list(Alarm.objects.open().order_by("subject").values_list("subject", flat=True))


def test_a_missing_number_is_an_alarm_until_the_statement_comes() -> None:
    come(7)
    later = come(9)
    assert watch_statements(NOON) == 1
    assert open_now() == [f"statement:{later.pk}:gap"]
    assert watch_statements(NOON + MINUTE) == 1
    come(8)
    assert watch_statements(NOON + 2 * MINUTE) == 0
    alarm = Alarm.objects.get()
    assert (alarm.opened_at, alarm.closed_at, alarm.closed_by) == (NOON, NOON + 2 * MINUTE, None)


def test_one_that_does_not_open_as_the_one_before_closed_is_an_alarm_until_the_right_one_stands_between() -> None:
    come(7, 100, 150)
    off = come(8, 151, 160)
    come(9, 160, 170)
    assert watch_statements(NOON) == 1
    assert open_now() == [f"statement:{off.pk}:break"]
    facts = Alarm.objects.get().facts
    assert (facts["firm"], facts["named"], facts["fault"]) == ("Harbour Bank", "camt.053 8", "break")


@pytest.mark.parametrize("series", ["camt.052", "camt.054", "MT942"])
def test_within_a_day_each_opens_with_the_balance_of_the_day(series: str) -> None:
    come(1, 100, 150, series=series)
    come(2, 100, 170, series=series)
    assert watch_statements(NOON) == 0


def test_where_a_balance_is_not_said_or_one_is_missing_between_nothing_can_be_compared() -> None:
    come(1, 100, None)
    come(2, 100, 150)
    come(3, None, 150)
    come(5, 100, 150)
    watch_statements(NOON)
    assert [subject.rpartition(":")[2] for subject in open_now()] == ["gap"]


def test_a_page_follows_the_page_before_and_a_new_year_may_begin_with_one() -> None:
    come(250, 100, 120, page=1, year=NOON.year - 1)
    come(250, 120, 150, page=2, year=NOON.year - 1)
    come(1, 150, 150)
    assert watch_statements(NOON) == 0


def test_one_whose_sum_is_wrong_is_an_alarm_too() -> None:
    row = come(7, 100, 150, difference=Decimal(50))
    watch_statements(NOON)
    assert open_now() == [f"statement:{row.pk}:sum"]


def test_what_an_agent_closes_stays_closed_and_says_why(agent: User) -> None:
    come(7)
    later = come(9)
    watch_statements(NOON)
    close_by_hand(Alarm.objects.get().pk, by=agent, because=" The bank skipped 8. ", now=NOON + MINUTE)
    assert watch_statements(NOON + 2 * MINUTE) == 0
    alarm = Alarm.objects.get()
    assert (alarm.closed_at, alarm.closed_by, alarm.closed_because) == (NOON + MINUTE, agent, "The bank skipped 8.")
    assert settled_by_hand() == {(later.pk, "gap")}


def test_it_is_closed_by_hand_once_with_a_reason_and_only_one_of_a_statement(agent: User) -> None:
    come(7)
    come(9)
    watch_statements(NOON)
    row = Alarm.objects.get()
    with pytest.raises(ValueError, match="reason"):
        close_by_hand(row.pk, by=agent, because="  ", now=NOON)
    other = Alarm.objects.create(kind=Alarm.Kind.FEED, subject="feed:harbour:loans", detail="x", opened_at=NOON)
    with pytest.raises(ClosedBeforeError):
        close_by_hand(other.pk, by=agent, because="x", now=NOON)
    close_by_hand(row.pk, by=agent, because="x", now=NOON)
    with pytest.raises(ClosedBeforeError):
        close_by_hand(row.pk, by=agent, because="y", now=NOON)
    assert Alarm.objects.get(pk=row.pk).closed_because == "x"


def test_the_database_refuses_a_second_alarm_beside_one_that_was_closed_by_hand(agent: User) -> None:
    said = {"kind": Alarm.Kind.STATEMENT, "subject": "statement:1:gap", "detail": "x", "opened_at": NOON}
    Alarm.objects.create(**said, closed_at=NOON, closed_by=agent, closed_because="It will not come.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(**said)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(**{**said, "subject": "statement:2:gap"}, closed_at=NOON, closed_by=agent)


def test_the_sweep_that_comes_every_minute_looks_at_statements() -> None:
    year = timezone.now().year
    come(7, year=year)
    come(9, year=year)
    tasks.reconcile()
    assert len(open_now()) == 1


def test_a_sweep_costs_as_many_statements_for_many_faults_as_for_one() -> None:
    come(1)
    come(3)
    with CaptureQueriesContext(connection) as few:
        watch_statements(NOON)
    for number in range(5, 45, 2):
        come(number)
    with CaptureQueriesContext(connection) as many:
        watch_statements(NOON)
    assert len(many) == len(few) <= 9
