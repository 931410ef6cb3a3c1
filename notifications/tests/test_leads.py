"""Leads and stages as a partner writes them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.calendar import LEADS, OVERDUE_STAGES, OVERDUE_WINDOW
from notifications.leads import LONGEST_LEAD, LeadsError, parse_leads, parse_stages


def test_the_usual_ones_read_as_they_are_written() -> None:
    assert parse_leads("7,3,1,0") == LEADS
    assert parse_stages(" 1, 3 ,7 ") == OVERDUE_STAGES


@given(st.sets(st.integers(1, LONGEST_LEAD)))
def test_any_descending_days_down_to_0_are_leads(days: set[int]) -> None:
    leads = (*sorted(days, reverse=True), 0)
    assert parse_leads(",".join(map(str, leads))) == leads


@given(st.sets(st.integers(1, OVERDUE_WINDOW), min_size=1))
def test_any_ascending_days_are_stages(days: set[int]) -> None:
    stages = tuple(sorted(days))
    assert parse_stages(",".join(map(str, stages))) == stages


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "whole numbers"),
        ("7;3;0", "whole numbers"),
        ("7,,0", "whole numbers"),
        ("7,-1,0", "whole numbers"),
        ("7.5,0", "whole numbers"),
        ("٧,0", "whole numbers"),
        ("61,0", "61 is not a number of days from 0 to 60"),
        ("3,7,0", "from the longest"),
        ("7,7,0", "each once"),
        ("7,3,1", "must be 0"),
    ],
)
def test_other_leads_are_refused_with_what_is_wrong(text: str, what: str) -> None:
    with pytest.raises(LeadsError, match=what):
        parse_leads(text)


@pytest.mark.parametrize(
    ("text", "what"), [("0,3", "0 is not"), ("1,31", "31 is not"), ("3,1", "shortest"), ("1,1", "each once")]
)
def test_other_stages_are_refused_with_what_is_wrong(text: str, what: str) -> None:
    with pytest.raises(LeadsError, match=what):
        parse_stages(text)


@given(st.text(max_size=20))
@example("0\x1f")
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for parse in (parse_leads, parse_stages):
        try:
            numbers = parse(text)
        except LeadsError:
            continue
        assert len(set(numbers)) == len(numbers) > 0
