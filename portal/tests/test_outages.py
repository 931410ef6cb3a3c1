"""Outages on the desk and on their borrowers' pages: declared, ended, listed, taken away as a table."""

import csv
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.tests.factories import make_agent
from loans.models import Loan, Outage, OutageHold
from loans.outages import declare_outage, end_outage
from loans.tests.factories import make_bank, make_installment, make_platform
from notifications import tasks
from notifications.tests.factories import NOON
from portal.admin.outage_holds import as_text
from portal.tests.desk import desk_of, make_desk_agent, make_operator, said
from portal.tests.people import day, wait_for_bank

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
OK, FOUND, FORBIDDEN, NOT_ALLOWED = 200, 302, 403, 405
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIST = "admin:loans_outage_changelist"


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


def declare(**fields: Any) -> Outage:
    return declare_outage(make_bank(), **{"starts_at": NOON - DAY, "now": NOON, "reason": "Down.", **fields})


def form(**fields: Any) -> dict[str, Any]:
    """Since yesterday noon in Shanghai."""
    said = {"partner": make_bank().pk, "counterpart": "", "product": "", "currency": "", "grace_hours": "24"}
    times = {"starts_at": "2026-11-21T12:00", "ends_at": ""}
    return {**said, **times, "reason": "Their switch is down.", **fields}


@pytest.fixture
def operator() -> Client:
    return desk_of(make_operator())


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes when workers are asked to see what an outage touches."""
    calls: list[str] = []
    monkeypatch.setattr(tasks, "wake_outages", lambda: calls.append("asked"))
    return calls


def test_an_operator_declares_one_and_workers_see_at_once_what_it_touches(
    operator: Client, loan: Loan, looked: list[str], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    make_installment(loan, due_on=day(0))
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(reverse("admin:loans_outage_add"), form(currency="cny"), follow=True)
    assert "the list says how many" in said(answer)
    outage = Outage.objects.get()
    assert (outage.starts_at, outage.currency, outage.declared_by is not None) == (NOON - DAY, "CNY", True)
    assert (OutageHold.objects.count(), looked) == (0, ["asked"])
    assert tasks.extend_outages() == 1
    assert OutageHold.objects.get().outage == outage


def test_one_that_is_over_when_it_is_declared_holds_for_its_grace(operator: Client) -> None:
    make_installment(due_on=NOON.date() - timedelta(days=1))
    operator.post(reverse("admin:loans_outage_add"), form(starts_at="2026-11-21T10:00", ends_at="2026-11-21T20:00"))
    assert (tasks.extend_outages(), tasks.extend_outages()) == (1, 0)
    assert OutageHold.objects.in_force(NOON).count() == 1


@pytest.mark.parametrize("again", [{}, {"starts_at": "2026-11-21T11:00"}, {"starts_at": "2026-11-29T11:00"}])
def test_one_that_lasts_is_not_declared_again(operator: Client, again: dict[str, str]) -> None:
    add = reverse("admin:loans_outage_add")
    operator.post(add, form())
    assert "declared already" in operator.post(add, form(**again)).content.decode()
    assert Outage.objects.count() == 1


def test_what_is_over_or_still_to_come_or_of_others_is_declared_beside_it(operator: Client) -> None:
    end_outage(declare().pk, now=NOON)
    sunday = {"starts_at": "2026-11-29T02:00", "ends_at": "2026-11-29T04:00"}
    monday = {"starts_at": "2026-11-30T02:00", "ends_at": "2026-11-30T04:00"}
    for other in (sunday, monday, {}, {"product": "Phone plan"}, {"partner": make_platform().pk}):
        assert operator.post(reverse("admin:loans_outage_add"), form(**other)).status_code == FOUND
    assert Outage.objects.count() == 6


@pytest.mark.parametrize(
    "odd",
    [{"reason": ""}, {"starts_at": "x"}, {"ends_at": "2026-11-20T00:00"}, {"currency": "1"},
     {"starts_at": "2025-11-21T12:00"}, {"ends_at": "2026-12-23T12:00"},
     {"partner": "999999999"}, {"grace_hours": "-1"}, {"grace_hours": "240"},
     {"starts_at": "2027-11-30T12:00"}, {"starts_at": "9999-12-30T00:00", "ends_at": "9999-12-31T23:00"},
     {"product": "x" * 121}],
)  # fmt: skip
def test_what_makes_no_sense_is_shown_again(operator: Client, odd: dict[str, str]) -> None:
    assert operator.post(reverse("admin:loans_outage_add"), form(**odd)).status_code == OK
    assert not Outage.objects.exists()


@pytest.mark.parametrize(
    ("scope", "fits"),
    [({}, True), ({"currency": "cny"}, True), ({"currency": "usd"}, False), ({"product": "你好"}, False)],
)
def test_who_declares_one_that_fits_no_loan_is_asked_whether_it_is_meant(
    operator: Client, loan: Loan, scope: dict[str, str], fits: bool
) -> None:
    answer = operator.post(reverse("admin:loans_outage_add"), form(**scope), follow=True)
    assert ("No loan fits it now" in said(answer)) is not fits
    assert Outage.objects.count() == 1


def test_a_currency_that_is_none_is_refused_in_words(operator: Client) -> None:
    shown = operator.post(reverse("admin:loans_outage_add"), form(currency="1")).content.decode()
    assert "A currency is written as three letters: CNY." in shown
    assert "outage_currency" not in shown


def test_it_is_ended_from_the_list_once(operator: Client) -> None:
    outage = declare()
    end = reverse("admin:loans_outage_end", args=[outage.pk])
    for place in (reverse(LIST), reverse("admin:loans_outage_change", args=[outage.pk])):
        assert f'formaction="{end}"' in operator.get(place).content.decode()
    assert operator.get(end).status_code == NOT_ALLOWED
    assert "Ended." in said(operator.post(end, follow=True))
    assert "over already" in said(operator.post(end, follow=True))
    assert operator.get(reverse(LIST)).context["cl"].result_count == 0
    assert operator.get(reverse(LIST), {"standing": "over"}).context["cl"].result_count == 1


def test_all_that_it_touched_is_listed_afterwards_and_taken_away_as_a_table(operator: Client, loan: Loan) -> None:
    due, waiting = make_installment(loan, due_on=day(0)), make_installment(loan, due_on=day(40))
    wait_for_bank(waiting, paid_on=day(0))
    outage = declare()
    end_outage(outage.pk, now=NOON)
    listed = operator.get(reverse("admin:loans_outagehold_changelist"), {"outage__id__exact": outage.pk})
    assert listed.context["cl"].result_count == 2
    answer = operator.get(reverse("admin:loans_outage_csv", args=[outage.pk]))
    rows = list(csv.DictReader(b"".join(answer).decode().splitlines()))
    assert [(row["installment"], row["state"]) for row in rows] == [
        (str(due.number), "open"),
        (str(waiting.number), "awaiting_bank"),
    ]
    assert rows[0]["held_until"] == "2026-11-23T04:00:00+00:00"
    assert answer["Content-Disposition"] == f'attachment; filename="outage-{outage.pk}.csv"'


@pytest.mark.parametrize("who", [make_desk_agent, make_agent, lambda: None])
def test_nobody_else_declares_or_ends_one(who: Callable[[], User | None]) -> None:
    user = who()
    page = desk_of(user) if user else Client()
    outage = declare()
    for address in (reverse("admin:loans_outage_add"), reverse("admin:loans_outage_end", args=[outage.pk])):
        assert page.post(address, form()).status_code in {FOUND, FORBIDDEN}
    assert Outage.objects.get().ends_at is None


def test_who_may_not_see_outages_takes_no_table_away() -> None:
    outage = declare()
    assert desk_of(make_agent()).get(reverse("admin:loans_outage_csv", args=[outage.pk])).status_code == FORBIDDEN


# On a borrower's pages


def pages_of(page: Client, loan: Loan) -> list[str]:
    return [page.get(address).content.decode() for address in (reverse("home"), reverse("loan", args=[loan.pk]))]


def test_a_borrower_whom_it_touches_reads_of_it_and_is_not_late(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(-1))
    assert all("Overdue by 1 day" in shown for shown in pages_of(page, loan))
    outage = declare(starts_at=NOON - 2 * DAY)
    for shown in pages_of(page, loan):
        assert "Harbour Bank may not be able to take or show payments since" in shown
        assert "Not late: paying did not work" in shown
        assert "Overdue" not in shown
    end_outage(outage.pk, now=NOON - HOUR)
    for shown in pages_of(page, loan):
        assert "does not count as late before" in shown
    OutageHold.objects.update(held_until=NOON)
    assert all("Overdue by 1 day" in shown for shown in pages_of(page, loan))


def test_two_installments_are_spoken_of_once_and_others_not_at_all(page: Client, loan: Loan) -> None:
    make_installment(loan, due_on=day(0))
    make_installment(loan, due_on=day(-1))
    declare(starts_at=NOON - 2 * DAY)
    declare_outage(make_platform(), starts_at=NOON, now=NOON, reason="x", product="Another product")
    assert [shown.count("may not be able to take") for shown in pages_of(page, loan)] == [1, 1]


@pytest.mark.parametrize("number", ["=HYPERLINK(1)", "+1", "-1", "@x"])
def test_a_loans_number_is_no_formula_for_whoever_opens_the_file(number: str) -> None:
    assert as_text(number) == f"'{number}"
    assert as_text("LN-1") == "LN-1"
