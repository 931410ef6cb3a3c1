"""How an installment stands, in words."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from loans.models import Installment
from loans.standing import Key, Standing, standing

TODAY = date(2026, 11, 22)
OPEN = Installment.State.OPEN


def stands(days: int, state: str = OPEN, *, disputed: bool = False) -> tuple[Key, str, str]:
    installment = Installment(due_on=TODAY + timedelta(days=days), state=state)
    with translation.override("en"):
        found = standing(installment, TODAY, disputed=disputed)
    return found.key, found.sentence, found.tone


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (8, (Key.PLANNED, "Due in 8 days", "")),
        (7, (Key.DUE_SOON, "Due in 7 days", "")),
        (1, (Key.DUE_SOON, "Due tomorrow", "")),
        (0, (Key.DUE_TODAY, "Due today", "warn")),
        (-1, (Key.OVERDUE, "Overdue by 1 day", "danger")),
        (-31, (Key.OVERDUE, "Overdue by 31 days", "danger")),
    ],
)
def test_an_open_one_stands_by_its_days(days: int, expected: tuple[Key, str, str]) -> None:
    assert stands(days) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("settled", (Key.SETTLED, "Paid", "good")),
        ("awaiting_bank", (Key.AWAITING_BANK, "Paid, waiting for the bank", "good")),
        ("withdrawn", (Key.WITHDRAWN, "No longer to be paid", "")),
    ],
)
@given(days=st.integers(-4000, 4000), disputed=st.booleans())
def test_any_other_state_is_said_whatever_the_day_and_the_dispute(
    state: str, expected: tuple[Key, str, str], days: int, disputed: bool
) -> None:
    assert stands(days, state, disputed=disputed) == expected


@given(st.integers(-4000, 4000))
def test_what_is_disputed_is_never_called_overdue(days: int) -> None:
    assert stands(days, disputed=True) == (Key.DISPUTED, "You told us something is wrong", "warn")


@given(st.integers(-4000, 4000), st.sampled_from(list(Installment.State)), st.booleans(), st.booleans())
def test_every_standing_has_words_and_a_shape_of_its_own(days: int, state: str, disputed: bool, held: bool) -> None:
    installment = Installment(due_on=TODAY + timedelta(days=days), state=state)
    found = standing(installment, TODAY, disputed=disputed, held=held)
    assert not (held and found.key is Key.OVERDUE)
    assert found.sentence
    assert found.icon
    assert found.days == days


@pytest.mark.parametrize("key", list(Key))
def test_every_shape_is_drawn_once_in_the_sprite(key: Key) -> None:
    sprite = (settings.BASE_DIR / "static" / "icons.svg").read_text()
    standing_of_key = Standing(key, "", 0)
    assert sprite.count(f'id="{standing_of_key.icon}"') == 1
    assert [other for other in Key if Standing(other, "", 0).icon == standing_of_key.icon] == [key]


@pytest.mark.parametrize(
    ("paid", "waived", "sentence"),
    [(0, 100, "No longer to be paid"), (60, 40, "Paid"), (100, 0, "Paid"), (0, 0, "Paid")],
)
def test_what_was_waived_as_a_whole_is_not_called_paid(paid: int, waived: int, sentence: str) -> None:
    installment = Installment(
        due_on=TODAY, state="settled", total=Decimal(paid + waived), paid=Decimal(paid), waived=Decimal(waived)
    )
    with translation.override("en"):
        assert standing(installment, TODAY).sentence == sentence
