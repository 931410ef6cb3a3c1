"""What partners ask about loans: their own and nobody else's, page by page, at a fixed number of statements."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from loans.api.asking import Cursor
from loans.models import Loan, Partner, Position, Report
from loans.tests.asking import Program, make_program
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform, make_schedule

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def bank() -> Program:
    return make_program(make_bank())


@pytest.fixture
def platform() -> Program:
    return make_program(make_platform())


@pytest.fixture
def other() -> Partner:
    return Partner.objects.create(code="other", kind=Partner.Kind.BANK, name="Other Bank")


@pytest.fixture
def report() -> Report:
    return Report.objects.create(
        partner=make_bank(), kind="loans", name="x", content=b"x", digest="x", received_at=timezone.now()
    )


def numbers(answer: Any, member: str = "number") -> list[Any]:
    assert answer.status_code == 200, answer.content
    return [row[member] for row in answer.json()["results"]]


def say(loan: Loan, report: Report, paid: Decimal = Decimal(0)) -> None:
    """Both firms' words about each installment of a loan."""
    Position.objects.bulk_create(
        Position(installment=one, partner=partner, status="due", paid=paid, as_of=timezone.now(), report=report)
        for one in loan.installments.all()
        for partner in (loan.bank, loan.platform)
        if partner
    )


def test_a_loan_is_told_with_what_is_to_be_paid_next(bank: Program) -> None:
    loan = make_loan(external_id="LN 7/2026", disbursed_on=TODAY)
    make_installment(loan, due_on=TODAY, total=Decimal(50), state="settled", paid=Decimal(50))
    make_installment(loan, due_on=TODAY + timedelta(days=30), total=Decimal("70.5"))
    answer = bank.get("loans/LN 7/2026")
    assert answer.json() == {
        "number": "LN 7/2026",
        "bank": "harbour",
        "platform": "lantern",
        "product": "Phone plan",
        "currency": "CNY",
        "principal": "1200.000",
        "disbursed_on": TODAY.isoformat(),
        "schedule_version": 1,
        "next_due_on": (TODAY + timedelta(days=30)).isoformat(),
        "next_outstanding": "70.500",
    }
    assert bank.get("loans").json()["results"] == [answer.json()]


def test_another_partners_loan_is_not_there(bank: Program, platform: Program, other: Partner) -> None:
    theirs = make_loan(external_id="THEIRS", bank=other, platform=None)
    make_schedule(theirs, first_due_on=TODAY)
    ours = make_loan(external_id="OURS")
    for program in (bank, platform):
        missing, unknown = program.get("loans/THEIRS"), program.get("loans/NOBODYS")
        assert missing.status_code == unknown.status_code == 404
        assert missing.content == unknown.content
        assert numbers(program.get("loans")) == ["OURS"]
        for path in ("installments", "positions"):
            assert numbers(program.get(path, loan="THEIRS"), "loan") == []
    assert numbers(make_program(other).get("installments"), "loan") == ["THEIRS"] * 3
    assert make_program(other).get(f"loans/{ours.external_id}").status_code == 404


def test_a_number_that_two_banks_use_needs_the_bank(platform: Program, other: Partner) -> None:
    make_loan(external_id="SAME")
    make_loan(external_id="SAME", bank=other)
    answer = platform.get("loans/SAME")
    assert (answer.status_code, answer.json()["code"]) == (409, "ambiguous_loan_number")
    assert platform.get("loans/SAME", bank="other").json()["bank"] == "other"
    assert make_program(other).get("loans/SAME").json()["bank"] == "other"


def test_loans_are_filtered(bank: Program, other: Partner) -> None:
    make_loan(external_id="A", product="Phone plan")
    make_loan(external_id="B", product="Bicycle", currency="EUR", platform=None)
    assert numbers(bank.get("loans", product="Bicycle")) == ["B"]
    assert numbers(bank.get("loans", currency="CNY")) == ["A"]
    assert numbers(bank.get("loans", platform="lantern")) == ["A"]
    assert numbers(bank.get("loans", bank="other")) == []


def test_installments_are_filtered_and_hold_the_banks_figures(bank: Program) -> None:
    loan = make_loan(external_id="A")
    make_schedule(loan, first_due_on=TODAY)
    make_schedule(make_loan(external_id="B"), first_due_on=TODAY)
    loan.installments.filter(number=1).update(state="settled", paid=100, outstanding=0, settled_on=TODAY)
    assert numbers(bank.get("installments", loan="A")) == [1, 2, 3]
    assert numbers(bank.get("installments", loan="A", state="open")) == [2, 3]
    month = TODAY + timedelta(days=30)
    assert numbers(bank.get("installments", due_from=month, due_to=month), "loan") == ["A", "B"]
    first = bank.get("installments", loan="A").json()["results"][0]
    assert (first["total"], first["paid"], first["outstanding"]) == ("100.000", "100.000", "0.000")
    assert (first["state"], first["settled_on"], first["currency"]) == ("settled", TODAY.isoformat(), "CNY")


def test_both_firms_words_are_told_to_both(bank: Program, platform: Program, report: Report) -> None:
    loan = make_loan(external_id="A")
    make_installment(loan, due_on=TODAY)
    say(loan, report, paid=Decimal(12))
    for program in (bank, platform):
        told = program.get("positions", loan="A").json()["results"]
        assert [(row["partner"], row["paid"], row["status"]) for row in told] == [
            ("harbour", "12.000", "due"),
            ("lantern", "12.000", "due"),
        ]
    assert numbers(bank.get("positions", partner="lantern"), "partner") == ["lantern"]


def test_no_answer_holds_who_the_borrower_is(bank: Program, report: Report) -> None:
    loan = make_loan(external_id="A")
    make_schedule(loan, first_due_on=TODAY)
    say(loan, report)
    told = "".join(bank.get(path).content.decode() for path in ("loans", "loans/A", "installments", "positions"))
    for secret in (loan.borrower.phone, loan.borrower.email, loan.borrower.name):
        assert not secret or secret not in told


@pytest.mark.parametrize("path", ["loans", "installments", "positions"])
def test_pages_follow_each_other_without_gap_or_repeat(bank: Program, report: Report, path: str) -> None:
    for number in range(4):
        loan = make_loan(external_id=f"P-{number}")
        make_schedule(loan, first_due_on=TODAY)
        say(loan, report)
    whole = bank.get(path, limit=500).json()
    assert whole["next"] is None
    read: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = bank.get(path, limit=3, **after).json()
        assert len(page["results"]) <= 3
        read += page["results"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert read == whole["results"]
    assert len(read) == {"loans": 4, "installments": 12, "positions": 24}[path]


def test_rows_that_are_added_meanwhile_move_no_page(bank: Program) -> None:
    for number in range(3):
        make_loan(external_id=f"P-{number}")
    following = bank.get("loans", limit=2).json()["next"]
    make_loan(external_id="P-3")
    assert numbers(bank.get("loans", after=following)) == ["P-2", "P-3"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *(("loans", {"limit": 0}), ("loans", {"limit": 501}), ("loans", {"limit": "x"}), ("loans", {"colour": "red"})),
        *(("loans", {"after": "nonsense"}), ("loans", {"after": "W10"}), ("loans", {"currency": "yuan"})),
        *(("loans", {"product": "a\0b"}), ("loans", {"after": "WzEsMl0"}), ("loans", {"after": "WyJ4Il0"})),
        *(("installments", {"state": "lost"}), ("installments", {"due_from": "tomorrow"}), ("loans/A", {"x": "1"})),
        *(("positions", {"status": "x"}), ("positions", {"after": "Wy0xLDEsMV0"}), ("loans", {"bank": "a b"})),
        *(("outward-events", {"after": -1}), ("outward-events", {"after": 2**63}), ("outward-events", {"from": 1})),
        ("loans", {"limit": ["5", "6"]}),
    ],
)
def test_a_parameter_that_is_wrong_or_unknown_is_named(bank: Program, path: str, query: dict[str, Any]) -> None:
    answer = bank.get(path, **query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    told = answer.json()
    assert told["code"] == "invalid"
    assert [error["pointer"].split("/")[1] for error in told["errors"]] == [next(iter(query))]


@pytest.mark.parametrize("path", ["loans/%00", "loans/" + "x" * 300, "loans/..%2f..", f"outward-events/{10**30}"])
def test_what_nobody_has_is_not_there(bank: Program, path: str) -> None:
    assert bank.get(path).status_code == 404


@pytest.mark.parametrize("path", ["loans", "installments", "positions"])
def test_a_page_costs_the_same_for_one_as_for_many(bank: Program, report: Report, path: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert bank.get(path).status_code == 200
        return len(statements)

    def more(count: int) -> None:
        for number in range(count):
            loan = make_loan(external_id=f"Q-{Loan.objects.count()}-{number}")
            make_schedule(loan, first_due_on=TODAY)
            say(loan, report)

    more(1)
    one = cost()
    more(12)
    assert cost() == one <= 4


def test_a_page_is_read_by_the_partners_index_whoever_owns_the_most(other: Partner) -> None:
    make_schedule(make_loan(bank=other, platform=None), first_due_on=TODAY)
    for _ in range(30):
        make_schedule(make_loan(), first_due_on=TODAY)
    program = make_program(other)
    with CaptureQueriesContext(connection) as statements:
        program.get("installments")
    (asked,) = [one["sql"] for one in statements if 'FROM "loans_installment"' in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE loans_loan, loans_installment")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + asked)
        plan = json.dumps(cursor.fetchone()[0])
    assert "loan_of_bank" in plan or "loan_number_once_a_bank" in plan
    assert "(loan_id = loans_loan.id)" in plan
    assert "Seq Scan" not in plan


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), unique=True), st.integers(1, 4))
def test_a_cursor_divides_any_order_of_three_keys(rows: list[tuple[int, int, int]], limit: int) -> None:
    """By the rule itself, without a database: what lies above a row is what comes after it."""
    cursor = Cursor("a", "b", "c")
    ordered = sorted(rows)
    for place, row in enumerate(ordered):
        above = cursor._above(row)
        assert [one for one in ordered if _holds(above, dict(zip("abc", one, strict=True)))] == ordered[place + 1 :]


def _holds(condition: Any, row: dict[str, int]) -> bool:
    if isinstance(condition, tuple):
        name, _, how = condition[0].partition("__")
        wanted = condition[1]
        return bool({"gt": row[name] > wanted, "gte": row[name] >= wanted, "": row[name] == wanted}[how])
    parts: list[bool] = [_holds(child, row) for child in condition.children]
    return all(parts) if condition.connector == "AND" else any(parts)
