"""How trials become a figure: best of the limit, median of ours and of the peer, void where a count is wrong."""

import json
from datetime import UTC, datetime

import pytest

from benchmarks.__main__ import last_noon
from benchmarks.figures import Figure, headings
from benchmarks.measure import Series, Trial, VoidError, alternate, compare, expect


def series(*rates: float) -> Series:
    return Series([Trial(100, 100 / rate) for rate in rates])


def test_the_best_of_the_limit_and_the_median_of_ours_and_of_the_peer_are_compared() -> None:
    figure = compare("claim", series(40, 60, 50), limit=series(80, 200, 100), peer=series(5, 1, 100))
    assert figure.rate == pytest.approx(50)
    assert figure.of_limit == pytest.approx(0.25)
    assert figure.times_peer == pytest.approx(10)


def test_the_spread_of_ours_is_given_as_parts_of_its_median() -> None:
    figure = compare("claim", series(40, 60, 50))
    assert figure.spread == pytest.approx((0.8, 1.2))
    assert "0.80 to 1.20" in figure.as_row()


def test_a_limit_may_follow_from_the_arrangement() -> None:
    assert compare("sms", series(1600), limit=64 / 0.02).of_limit == pytest.approx(0.5)


def test_the_contestants_take_turns() -> None:
    order: list[str] = []

    def contestant(name: str) -> Trial:
        order.append(name)
        return Trial(1, 1.0)

    alternate(3, {name: lambda name=name: contestant(name) for name in ("limit", "peer", "ours")})  # type: ignore[misc]
    assert order == ["limit", "peer", "ours"] * 3


def test_a_wrong_count_is_named() -> None:
    with pytest.raises(VoidError, match="mails in the sink: expected 10, found 9"):
        expect("mails in the sink", 10, 9)


def test_what_does_not_apply_is_null_for_programs_and_a_dash_for_people() -> None:
    figure = Figure(name="growth.purge", n=0, notes="the product purges nothing yet")
    assert json.loads(figure.as_json())["rate"] is None
    assert figure.as_row().split()[2] == "-"


def test_a_void_figure_says_so_and_has_no_number() -> None:
    row = Figure(name="email", n=10, void=True, notes="mails in the sink: expected 10, found 9").as_row()
    assert "VOID: mails in the sink" in row


def test_figures_stand_under_their_headings() -> None:
    row = compare("claim", series(50, 50, 50), limit=series(100)).as_row()
    assert headings().index("of limit") + len("of limit") == row.index("0.500") + len("0.500")


@pytest.mark.parametrize(
    ("now", "noon"), [("28T05:00", "28T04:00"), ("28T03:59", "27T04:00"), ("28T04:00", "28T04:00")]
)
def test_all_is_planned_at_the_last_noon_of_its_borrowers(now: str, noon: str) -> None:
    moments = [datetime.fromisoformat(f"2026-11-{moment}").replace(tzinfo=UTC) for moment in (now, noon)]
    assert last_noon(moments[0]) == moments[1]
