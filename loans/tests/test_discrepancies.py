"""A difference that lasts too long becomes somebody's: opened, taken, noted, closed; and closed by agreement."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_agent
from loans import discrepancies
from loans.discrepancies import NotYoursError
from loans.models import Discrepancy, DiscrepancyEntry, Installment, Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.positions import START, say

pytestmark = pytest.mark.django_db
SECOND, GOAL = timedelta(seconds=1), timedelta(days=2)
NOTHING, ALL = Decimal(0), Decimal(100)


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def platform() -> Partner:
    return make_platform()


@pytest.fixture
def installment(bank: Partner, platform: Partner) -> Installment:
    """Paid at the platform since START."""
    installment = make_installment(make_loan(), due_on=date(2026, 12, 5))
    say(installment, bank, NOTHING, now=START)
    say(installment, platform, ALL, now=START)
    return installment


@pytest.fixture
def discrepancy(installment: Installment) -> Discrepancy:
    discrepancies.sweep(START + GOAL)
    return Discrepancy.objects.get()


def history() -> list[str]:
    return list(DiscrepancyEntry.objects.order_by("pk").values_list("kind", flat=True))


def test_it_opens_when_the_time_of_the_firm_that_follows_is_over_and_not_before(installment: Installment) -> None:
    assert discrepancies.sweep(START + GOAL - SECOND) == (0, 0)
    assert discrepancies.sweep(START + GOAL) == (1, 0)
    assert discrepancies.sweep(START + GOAL + SECOND) == (0, 0)
    assert Discrepancy.objects.get().due_by == START + GOAL + discrepancies.TIME_TO_MEND


def test_each_firm_has_its_own_time(installment: Installment, bank: Partner, platform: Partner) -> None:
    Partner.objects.filter(pk=bank.pk).update(consistency_goal=timedelta(hours=3))
    Partner.objects.filter(pk=platform.pk).update(consistency_goal=timedelta(days=9))
    assert discrepancies.sweep(START + timedelta(hours=3) - SECOND) == (0, 0)
    assert discrepancies.sweep(START + timedelta(hours=3)) == (1, 0)


def test_it_closes_by_itself_when_the_firms_agree(discrepancy: Discrepancy, bank: Partner) -> None:
    say(discrepancy.difference.installment, bank, ALL, now=START + 3 * GOAL)
    assert discrepancies.sweep(START + 3 * GOAL + SECOND) == (0, 1)
    discrepancy.refresh_from_db()
    assert discrepancy.closed_at == START + 3 * GOAL + SECOND
    assert history() == ["opened", "agreed"]
    assert discrepancies.sweep(START + 4 * GOAL) == (0, 0)


def test_a_difference_that_comes_again_is_opened_again(discrepancy: Discrepancy, bank: Partner) -> None:
    installment = discrepancy.difference.installment
    say(installment, bank, ALL, now=START + 3 * GOAL)
    say(installment, bank, NOTHING, now=START + 4 * GOAL)
    assert discrepancies.sweep(START + 5 * GOAL) == (1, 1)
    assert history() == ["opened", "agreed", "opened"]


def test_what_was_closed_by_hand_stays_closed_while_the_firms_differ(discrepancy: Discrepancy) -> None:
    agent = make_agent()
    discrepancies.close(discrepancy.pk, agent=agent, reason="The bank pays it back.", now=START + 3 * GOAL)
    assert discrepancies.sweep(START + 9 * GOAL) == (0, 0)
    assert history() == ["opened", "closed"]
    assert Discrepancy.objects.get().holder == agent


def test_of_two_agents_one_has_it(discrepancy: Discrepancy) -> None:
    first, second = make_agent(), make_agent()
    discrepancies.take(discrepancy.pk, agent=first, now=START)
    discrepancies.take(discrepancy.pk, agent=first, now=START)
    with pytest.raises(NotYoursError, match="has this discrepancy"):
        discrepancies.take(discrepancy.pk, agent=second, now=START)
    with pytest.raises(NotYoursError, match="has this discrepancy"):
        discrepancies.close(discrepancy.pk, agent=second, reason="x", now=START)
    discrepancies.take(discrepancy.pk, agent=second, now=START, over_from=first.pk)
    assert Discrepancy.objects.get().holder == second
    assert history() == ["opened", "taken", "taken"]


def test_a_closed_one_is_closed_once_and_taken_by_nobody(discrepancy: Discrepancy) -> None:
    agent = make_agent()
    discrepancies.close(discrepancy.pk, agent=agent, reason="x", now=START)
    with pytest.raises(NotYoursError, match="closed already"):
        discrepancies.close(discrepancy.pk, agent=agent, reason="y", now=START)
    with pytest.raises(NotYoursError, match="closed already"):
        discrepancies.take(discrepancy.pk, agent=make_agent(), now=START)


@pytest.mark.parametrize("words", ["", "  \n"])
def test_a_note_and_an_end_need_words(discrepancy: Discrepancy, words: str) -> None:
    with pytest.raises(ValueError, match="needs words"):
        discrepancies.note(discrepancy.pk, agent=make_agent(), words=words, now=START)
    with pytest.raises(ValueError, match="needs words"):
        discrepancies.close(discrepancy.pk, agent=make_agent(), reason=words, now=START)
    assert history() == ["opened"]


def test_the_sweep_costs_the_same_however_many_there_are(bank: Partner, platform: Partner) -> None:
    loan = make_loan()
    for _place in range(9):
        installment = make_installment(loan, due_on=date(2026, 12, 5))
        say(installment, bank, NOTHING, now=START)
        say(installment, platform, ALL, now=START)
    with CaptureQueriesContext(connection) as ran:
        assert discrepancies.sweep(START + GOAL) == (9, 0)
    ours = [query for query in ran if "SAVEPOINT" not in query["sql"]]
    assert len(ours) == 3, "the two of the sweep, and whether any partner hears events"
