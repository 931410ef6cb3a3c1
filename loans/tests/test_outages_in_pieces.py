"""What an outage of a whole bank touches is listed piece by piece, whole people each, and is then the same list."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.tests.factories import make_borrower
from loans import outages, signals
from loans.models import Installment, Outage, OutageHold
from loans.outages import declare_outage, end_outage, extend_outages
from loans.tests.disputes import heard
from loans.tests.factories import make_bank, make_installment, make_loan

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "PIECE", 3)


@pytest.fixture
def rows() -> list[Installment]:
    """Two of each of three people; the ids of their installments do not lie beside each other."""
    borrowers = [make_borrower() for _number in range(3)]
    return [make_installment(make_loan(one), due_on=date(2026, 11, 22)) for _round in range(2) for one in borrowers]


def listed() -> int:
    return OutageHold.objects.count()


def declare(ends_at: datetime | None = None) -> int:
    said = {"starts_at": NOON, "now": NOON, "reason": "Down.", "ends_at": ends_at, "touch": False}
    return declare_outage(make_bank(), **said).pk  # type: ignore[arg-type]


def test_each_look_lists_a_piece_until_all_are_listed(rows: list[Installment]) -> None:
    declare()
    with heard(signals.installments_held) as told:
        counts = [extend_outages(NOON) for _look in range(3)]
    assert counts == [4, 2, 0]
    assert listed() == len(rows)
    pieces = [set(one["installment_ids"]) for one in told]
    borrowers = [set(Installment.objects.filter(pk__in=ids).values_list("loan__borrower", flat=True)) for ids in pieces]
    assert [len(people) for people in borrowers] == [2, 1]
    assert not borrowers[0] & borrowers[1], "what is due together is told together"


def test_whoever_ends_it_lists_all_that_is_left(rows: list[Installment]) -> None:
    outage_id = declare()
    extend_outages(NOON)
    end_outage(outage_id, now=NOON + HOUR)
    assert listed() == len(rows)
    assert set(OutageHold.objects.values_list("held_until", flat=True)) == {NOON + 25 * HOUR}


def test_what_is_left_of_one_that_is_over_is_listed_while_its_grace_lasts(rows: list[Installment]) -> None:
    """Nobody looked in its last hours."""
    declare(ends_at=NOON + HOUR)
    assert extend_outages(NOON) == 4
    later = NOON + 4 * HOUR
    assert [extend_outages(later) for _look in range(2)] == [2, 0]
    assert listed() == len(rows)
    assert not Outage.objects.to_extend(later).exists()


def test_a_firms_own_is_listed_in_pieces_too(rows: list[Installment]) -> None:
    declare_outage(make_bank(), starts_at=NOON, now=NOON, reason="Down.", reference="O-1")
    assert listed() == 4
    assert (extend_outages(NOON), listed()) == (2, len(rows))
