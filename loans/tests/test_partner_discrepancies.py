"""Discrepancies, as both firms hear of them and ask for them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_agent
from loans import discrepancies
from loans.models import Discrepancy, Installment, OutwardEvent, Partner
from loans.tests.asking import Program, make_program
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear
from loans.tests.positions import START, say

pytestmark = pytest.mark.django_db
GOAL = timedelta(days=2)
NOTHING, ALL = Decimal(0), Decimal(100)


def differ(count: int = 1) -> list[Installment]:
    """So many installments, paid at the platform only since START."""
    found = [make_installment(make_loan(), due_on=date(2026, 12, 5)) for _ in range(count)]
    for one in found:
        say(one, make_bank(), NOTHING, now=START)
        say(one, make_platform(), ALL, now=START)
    return found


@pytest.fixture
def _heard() -> None:
    hear(make_bank())
    hear(make_platform(), "https://lantern.example/hook")


def told(program: Program, **query: Any) -> list[dict[str, Any]]:
    answer = program.get("discrepancies", **query)
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


@pytest.mark.usefixtures("_heard")
def test_both_firms_hear_that_one_was_opened_and_that_they_agree_again() -> None:
    (installment,) = differ()
    discrepancies.sweep(START + GOAL)
    say(installment, make_bank(), ALL, now=START + GOAL)
    discrepancies.sweep(START + GOAL + timedelta(hours=1))
    kinds = list(OutwardEvent.objects.order_by("pk").values_list("kind", "partner__code"))
    assert sorted(kinds) == [
        ("discrepancy.closed", "harbour"),
        ("discrepancy.closed", "lantern"),
        ("discrepancy.opened", "harbour"),
        ("discrepancy.opened", "lantern"),
    ]
    opened = OutwardEvent.objects.filter(kind="discrepancy.opened").earliest("pk")
    assert opened.data == {
        "loan": installment.loan.external_id,
        "bank": "harbour",
        "discrepancy": Discrepancy.objects.get().pk,
        "kind": "platform_only",
        "installment": installment.number,
        "due_on": "2026-12-05",
        "since": START.isoformat(),
        "follower": "harbour",
    }
    assert OutwardEvent.objects.filter(kind="discrepancy.closed").earliest("pk").data["agreed"] is True


@pytest.mark.usefixtures("_heard")
def test_one_that_an_agent_closes_is_told_as_such() -> None:
    differ()
    discrepancies.sweep(START + GOAL)
    agent = make_agent()
    discrepancies.close(Discrepancy.objects.get().pk, agent=agent, reason="The bank called us.", now=START + GOAL)
    closed = OutwardEvent.objects.filter(kind="discrepancy.closed").earliest("pk")
    assert closed.data["agreed"] is False
    assert "called" not in str(closed.data)


@pytest.mark.usefixtures("_heard")
def test_telling_of_many_costs_what_telling_of_one_does() -> None:
    def cost(count: int, day: int) -> int:
        differ(count)
        with CaptureQueriesContext(connection) as statements:
            discrepancies.sweep(START + GOAL * day)
        return len(statements)

    assert cost(1, 1) == cost(12, 2)
    assert OutwardEvent.objects.filter(kind="discrepancy.opened").count() == 26


def test_they_are_asked_for_by_loan_kind_and_standing() -> None:
    first, second = differ(2)
    discrepancies.sweep(START + GOAL)
    say(first, make_bank(), ALL, now=START + GOAL)
    discrepancies.sweep(START + GOAL)
    for program in (make_program(make_bank()), make_program(make_platform())):
        assert [row["loan"] for row in told(program)] == [first.loan.external_id, second.loan.external_id]
        assert [row["loan"] for row in told(program, open="true")] == [second.loan.external_id]
        assert [row["closed_at"] is None for row in told(program, open="false")] == [False]
        assert told(program, kind="schedule") == []
        (row,) = told(program, loan=second.loan.external_id)
        assert (row["kind"], row["follower"], row["installment"]) == ("platform_only", "harbour", second.number)
        assert program.get(f"discrepancies/{row['id']}").json() == row


def test_another_partners_are_not_there_and_a_scope_is_needed() -> None:
    differ()
    discrepancies.sweep(START + GOAL)
    other = make_program(Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other"))
    assert told(other) == []
    assert other.get(f"discrepancies/{Discrepancy.objects.get().pk}").status_code == 404
    assert make_program(make_bank(), ["loans:read"]).get("discrepancies").status_code == 403


def test_a_page_costs_the_same_for_one_as_for_many() -> None:
    program = make_program(make_bank())

    def cost(count: int, day: int) -> int:
        differ(count)
        discrepancies.sweep(START + GOAL * day)
        with CaptureQueriesContext(connection) as statements:
            told(program)
        return len(statements)

    assert cost(1, 1) == cost(9, 2) <= 4
