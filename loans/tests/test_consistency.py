"""How long two firms take to agree, against the goal of the one that follows."""

import json
from datetime import date, timedelta
from decimal import Decimal
from statistics import quantiles

import pytest
import time_machine
from django.core.management import CommandError

from loans.consistency import measure
from loans.models import Difference, Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.import_runs import run
from loans.tests.positions import START, say

pytestmark = pytest.mark.django_db
HOUR, NOTHING, ALL = timedelta(hours=1), Decimal(0), Decimal(100)


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def platform() -> Partner:
    return make_platform()


def differ(bank: Partner, platform: Partner, *hours: int | None) -> None:
    """One installment each that the platform saw at START and the bank so many hours later, or not at all."""
    loan = make_loan()
    for later in hours:
        installment = make_installment(loan, due_on=date(2026, 12, 5))
        say(installment, bank, NOTHING, now=START)
        say(installment, platform, ALL, now=START)
        if later is not None:
            say(installment, bank, ALL, now=START + later * HOUR)


def test_the_middle_and_the_end_of_the_times_are_those_of_all_that_ended(bank: Partner, platform: Partner) -> None:
    hours = [1, 2, 3, 5, 8, 13, 21, 34]
    differ(bank, platform, *hours)
    [pair] = measure(START + 40 * HOUR)
    cuts = quantiles(hours, n=100, method="inclusive")
    assert pair.half == cuts[49] * HOUR
    assert pair.most is not None
    assert abs(pair.most - cuts[94] * HOUR) < timedelta(seconds=1)
    assert (pair.longest, pair.ended, pair.lasting, pair.oldest) == (34 * HOUR, 8, 0, None)
    assert pair.is_met


def test_one_that_still_lasts_counts_against_the_goal(bank: Partner, platform: Partner) -> None:
    differ(bank, platform, 1, None)
    [soon], [late] = measure(START + 48 * HOUR), measure(START + 49 * HOUR)
    assert (soon.lasting, soon.oldest, soon.is_met) == (1, 48 * HOUR, True)
    assert late.is_met is False


def test_where_nothing_has_ended_nothing_is_measured(bank: Partner, platform: Partner) -> None:
    differ(bank, platform, None)
    [soon], [late] = measure(START + 48 * HOUR), measure(START + 49 * HOUR)
    assert (soon.is_met, soon.as_json()["met"], late.is_met) == (None, None, False)


def test_each_direction_has_the_goal_of_the_firm_that_follows(bank: Partner, platform: Partner) -> None:
    Partner.objects.filter(pk=platform.pk).update(consistency_goal=HOUR)
    differ(bank, platform, 2)
    installment = make_installment(make_loan(), due_on=date(2026, 12, 5))
    say(installment, platform, NOTHING, now=START)
    say(installment, bank, ALL, now=START)
    say(installment, platform, ALL, now=START + 2 * HOUR)
    assert [(pair.follower, pair.is_met) for pair in measure(START + 3 * HOUR)] == [
        (bank.name, True),
        (platform.name, False),
    ]


def test_what_ended_long_ago_is_not_measured(bank: Partner, platform: Partner) -> None:
    differ(bank, platform, 1)
    assert measure(START + timedelta(days=8), days=7) == []


def test_the_command_prints_a_table_and_ends_with_1_where_a_goal_is_missed(bank: Partner, platform: Partner) -> None:
    with time_machine.travel(START + 2 * HOUR, tick=False):
        assert run("consistency").out == "No bank and platform have differed in 30 days.\n"
        differ(bank, platform, 1)
        met = run("consistency")
        assert met.code == 0
        assert met.out.splitlines()[1].split("  ")[0] == bank.name
        assert "01:00" in met.out
        Difference.objects.update(since=START - timedelta(days=4))
        missed = run("consistency", "--json")
    assert missed.code == 1
    [said] = json.loads(missed.out)
    assert (said["p50"], said["goal"], said["met"]) == (97 * 3600, 2 * 86400, False)


@pytest.mark.parametrize("days", ["0", "-1", "99999"])
def test_the_command_refuses_days_that_make_no_sense(days: str) -> None:
    with pytest.raises(CommandError, match="--days") as refused:
        run("consistency", f"--days={days}")
    assert refused.value.returncode == 2, "1 says that a goal is missed"
