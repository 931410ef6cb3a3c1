"""Whatever the order in which reports come, and however often, the state of the loans is the same."""

import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loans.intake.events.once_more import apply_what_waited
from loans.intake.records import PositionRecord, RepaymentRecord
from loans.intake.state import state_of
from loans.intake.statement_records import EntryRecord, TransactionRecord
from loans.models import Partner, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.histories import (
    START,
    ZERO,
    Message,
    apply,
    entry,
    loan_record,
    loans,
    messages,
    period_record,
    reports_of,
)

pytestmark = pytest.mark.django_db
ASKED_FOR = os.environ.get("REPLAY_EXAMPLES")
"""So many histories, others in each run; without it, a few that are the same in each."""


@pytest.fixture(autouse=True)
def _partners() -> None:
    make_bank()
    make_platform()


def replayed(history: list[Message], order: list[int]) -> dict[str, list[tuple[Any, ...]]]:
    """The state after these places of the history, in this order."""
    with transaction.atomic():
        reports = reports_of(history)
        for place in order:
            apply(*reports[place])
        apply_what_waited()
        found = state_of()
        transaction.set_rollback(True)
    return found


@st.composite
def histories(draw: st.DrawFn, most: int, repeated: int) -> tuple[list[Message], list[int]]:
    """What was said, and an order in which it may come, some of it twice."""
    history = draw(st.lists(messages(), min_size=2, max_size=most))
    places = list(range(len(history)))
    return history, draw(st.permutations(places)) + draw(st.lists(st.sampled_from(places), max_size=repeated))


house = settings(
    max_examples=int(ASKED_FOR or 20),
    derandomize=not ASKED_FOR,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each step of shrinking replays a history, for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def compare(told: tuple[list[Message], list[int]]) -> None:
    history, order = told
    usual, other = replayed(history, list(range(len(history)))), replayed(history, order)
    for name, rows in usual.items():
        assert sorted(set(other[name]) ^ set(rows), key=repr) == [], name
        assert len(other[name]) == len(rows)


@house
@given(told=histories(most=7, repeated=3))
def test_reports_in_any_order_and_repeated_give_the_same_state(told: tuple[list[Message], list[int]]) -> None:
    compare(told)


def credit(day: date, text: str, **said: Any) -> EntryRecord:
    return entry("credit", Decimal(150), day, None, text, **said)


def same_whatever_comes_first(*history: Message) -> dict[str, list[tuple[Any, ...]]]:
    """The state after these messages, which is the same in each of their orders."""
    places = range(len(history))
    states = [replayed(list(history), list(order)) for order in permutations(places)]
    assert all(state == states[0] for state in states)
    return states[0]


def statement(*records: EntryRecord) -> Message:
    return Message("harbour", Report.Kind.STATEMENT, records)


def test_a_figure_that_a_later_record_repeats_is_as_of_that_record() -> None:
    back = RepaymentRecord("E-1", Decimal(100), date(2026, 11, 30), reversed=True, installment=1)
    opened = loan_record(1, [period_record(1, 0), period_record(2, 40)], as_of=START - timedelta(hours=6))
    later = loan_record(1, [period_record(2, 40)], repayments=(back,), as_of=START)
    state = same_whatever_comes_first(loans(later), statement(credit(date(2026, 12, 1), "LN-1")), loans(opened))
    assert [row[-1] for row in state["parts of payments"]] == [Decimal(60)]


def test_a_return_that_is_said_again_was_not_returned_later() -> None:
    back = RepaymentRecord("E-1", Decimal(100), date(2026, 11, 30), reversed=True, installment=1)
    opened = loan_record(1, [period_record(1, 0), period_record(2, 0)], as_of=START - timedelta(hours=6))
    returned = replace(opened, repayments=(back,), as_of=START)
    figures = loan_record(1, [period_record(1, 100), period_record(2, 0)], as_of=START + timedelta(hours=1))
    again = replace(opened, whole=False, installments=(), repayments=(back,), as_of=START + timedelta(hours=2))
    state = same_whatever_comes_first(loans(returned), loans(figures), loans(again))
    assert [row[10] for row in state["installments"]] == [Decimal(100), Decimal(0)]


def test_what_is_charged_late_need_not_be_seen_whatever_comes_first() -> None:
    due_on = date(2026, 11, 30)
    seen = RepaymentRecord("E-1", Decimal(110), date(2026, 11, 29), reversed=False, installment=1)
    fee, late = (
        replace(period_record(1, 0), fees=fees, total=100 + fees, outstanding=100 + fees)
        for fees in (Decimal(10), Decimal(15))
    )
    assert fee.due_on == due_on
    opened = loan_record(1, [fee], as_of=START - timedelta(days=3))
    dearer = loan_record(1, [late], as_of=START)
    paid = replace(opened, borrower=None, whole=False, installments=(), repayments=(seen,), as_of=START)
    state = same_whatever_comes_first(loans(opened), loans(dearer), loans(paid, "lantern"))
    assert [row[-2] for row in state["installments"]] == ["awaiting_bank"]


def test_a_payment_that_went_back_before_its_line_left_says_nothing_of_a_period() -> None:
    one = loans(loan_record(1, [period_record(1, 0)], as_of=None), "lantern")
    other = loans(loan_record(2, [period_record(2, 0)], as_of=None))
    booked = entry("credit", Decimal(40), date(2026, 12, 3), "E-2", "LN-1 LN-2")
    back = replace(entry("debit", Decimal(40), date(2026, 12, 3), "Z-9", "rent"), reference=booked.reference)
    state = same_whatever_comes_first(one, statement(booked, back), other)
    assert [row[3] for row in state["positions"] if row[1] == "LN-1"] == [Partner.objects.get(code="lantern").pk]


def test_a_platforms_word_on_a_payment_that_went_back_weighs_on_its_period_whenever_it_comes() -> None:
    went = RepaymentRecord("F-2", Decimal(100), date(2026, 12, 1), reversed=True, installment=1)
    stands = replace(went, amount=Decimal(700), reversed=False)  # more than can be true, so that it makes no figure
    opened = loan_record(1, [period_record(1, 0)], repayments=(went,), as_of=START)
    paid = PositionRecord(1, Decimal(100), ZERO)
    bare = replace(opened, borrower=None, principal=ZERO, whole=False, installments=(), repayments=())
    later = replace(bare, positions=(paid,), as_of=START + timedelta(hours=2))
    word = replace(bare, repayments=(stands,), as_of=START + timedelta(hours=1))
    state = same_whatever_comes_first(loans(opened), loans(later, "lantern"), loans(word, "lantern"))
    assert [row[-2] for row in state["installments"]] == ["open"]


def test_a_payment_that_its_line_is_about_to_leave_names_no_loan_for_another_line() -> None:
    rent, named = (replace(credit(date(2026, 12, 3), text), reference="R-9") for text in ("rent", "LN-1"))
    one, same = (replace(line, transactions=_of("Z-9", line)) for line in (rent, named))
    other = entry("credit", Decimal(40), date(2026, 12, 4), "Z-9", None)
    opened = loans(loan_record(1, [period_record(1, 0)], as_of=None))
    state = same_whatever_comes_first(statement(one, other), statement(same), opened)
    assert [row[3] for row in state["statement lines"]] == [None, None]


def _of(end_to_end_id: str, line: EntryRecord) -> tuple[TransactionRecord, ...]:
    return tuple(replace(part, end_to_end_id=end_to_end_id) for part in line.transactions)


def test_of_one_movement_the_words_of_the_report_that_was_received_first_hold() -> None:
    told = credit(date(2026, 11, 30), "LN-1"), credit(date(2026, 12, 2), "rent")
    state = same_whatever_comes_first(
        statement(told[0]), loans(loan_record(1, [period_record(1, 0)], as_of=None)), statement(told[1])
    )
    assert state["statement lines"][0][3] == "LN-1"


def test_a_return_is_no_booking_of_what_another_return_takes_back() -> None:
    first = entry("debit", Decimal(150), date(2026, 12, 3), None, "LN-1 LN-2")
    booked = entry("credit", Decimal(100), date(2026, 11, 30), "Z-9", "LN-1-1 LN-1-3")
    second = entry("debit", Decimal(100), date(2026, 12, 4), "LN-2-2", "LN-2-1 LN-2-3")
    state = same_whatever_comes_first(
        statement(first), statement(booked, second), loans(loan_record(2, [period_record(2, 0)], as_of=None))
    )
    assert sorted(str(row[3]) for row in state["statement lines"]) == ["LN-2", "None", "None"]


def test_a_period_that_a_platform_leaves_out_later_has_no_position_of_its() -> None:
    opened = loans(loan_record(1, [period_record(1, 0), period_record(2, 0)], as_of=START))
    both = loan_record(1, [period_record(1, 100), period_record(2, 0)], as_of=START)
    one = loan_record(1, [period_record(2, 0)], as_of=START + timedelta(hours=1))
    state = same_whatever_comes_first(opened, loans(both, "lantern"), loans(one, "lantern"))
    assert len(state["positions"]) == 3


def test_a_snapshot_does_not_hold_up_an_older_schedule_nor_a_schedule_what_was_agreed() -> None:
    opened = loan_record(1, [period_record(1, 0)], as_of=START)
    moved = loan_record(1, [replace(period_record(1, 0), due_on=date(2026, 12, 24))], as_of=START + timedelta(hours=1))
    alone = replace(moved, borrower=None, principal=ZERO)
    paid = replace(moved, whole=False, installments=(), positions=(PositionRecord(1, Decimal(40), Decimal(60)),))
    agreed = replace(opened, principal=Decimal(301))
    later = replace(paid, as_of=START + timedelta(hours=2))
    state = same_whatever_comes_first(loans(opened), loans(alone), loans(later), loans(agreed))
    assert (state["installments"][0][3], state["installments"][0][10]) == (date(2026, 12, 24), Decimal(40))
    assert state["loans"][0][4] == Decimal(301)
