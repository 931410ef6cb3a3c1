"""A firm names the prompt that it told: its word counts for that one and its figures alone."""

from datetime import timedelta

import pytest

from loans.models import Installment
from notifications.models import Duty, Prompt
from notifications.planning import plan_upcoming
from notifications.tests.factories import NOON, clock
from notifications.tests.firms import HOUR, duty_of, make_rule, planned, report

pytestmark = pytest.mark.django_db
Status = Duty.Status
APPLIED = ("applied", "")


def test_a_word_counts_for_the_prompt_that_it_names_and_its_figures_alone() -> None:
    make_rule()
    before = planned()
    row = before.installment
    assert row is not None
    Installment.objects.update(version=2, known_at=NOON + HOUR)
    assert plan_upcoming(clock(NOON + HOUR)) == 1
    after = Prompt.objects.get(version=2)
    at = NOON + 65 * timedelta(minutes=1)
    assert report(row, at=at, proof="delivered", prompt=before.pk) == ("kept", "other_figures")
    assert report(row, at=at, proof="delivered", prompt=after.pk + 1) == ("kept", "another_prompt")
    assert report(row, at=at, proof="delivered", prompt=after.pk, stage=7) == ("kept", "another_prompt")
    assert duty_of(after).status == Status.WAITING
    assert report(row, at=at, proof="delivered", prompt=after.pk, stage=3) == APPLIED
    assert (duty_of(after).status, Prompt.objects.get(pk=after.pk).status) == (Status.MET, Prompt.Status.FIRM_TOLD)


def test_a_word_about_the_prompt_of_before_does_not_count_for_the_one_that_is_planned_next() -> None:
    make_rule()
    before = planned()
    assert before.installment is not None
    Installment.objects.update(version=2, known_at=NOON + HOUR)
    at = NOON + 65 * timedelta(minutes=1)
    assert report(before.installment, at=at, prompt=before.pk) == ("kept", "other_figures")
    assert plan_upcoming(clock(at)) == 1
    assert duty_of(Prompt.objects.get(version=2)).status == Status.WAITING
