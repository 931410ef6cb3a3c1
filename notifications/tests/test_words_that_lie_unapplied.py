"""A firm that has reported in time is not called silent because what it sent lies here unapplied."""

import pytest
import time_machine

from loans.intake.events.sweep import apply_kept
from loans.models import Installment, OutwardEvent, Partner, Report
from loans.tests.factories import make_bank, make_platform
from loans.tests.outward import hear
from notifications.firm_scores import Score, read_scores
from notifications.models import Duty, Prompt
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, claim
from notifications.tests.firms import HOUR, duty_of, event_about, make_rule, planned, push

pytestmark = pytest.mark.django_db
Status = Duty.Status
AT_FOUR = NOON + 4 * HOUR
AT_SIX = NOON + 6 * HOUR


@pytest.fixture(autouse=True)
def _hears() -> None:
    hear(make_bank())


def keep(prompt: Prompt, by: Partner | None = None, at: object = NOON + HOUR, **said: object) -> Report:
    """A firm says that it told, and nobody applies it yet."""
    assert isinstance(prompt.installment, Installment)
    return push(by or make_bank(), [event_about(prompt.installment, at=NOON + HOUR, **said)], at=at)  # type: ignore[arg-type]


def apply_at_six() -> None:
    with time_machine.travel(AT_SIX, tick=False):
        apply_kept()


def score() -> Score:
    [found] = read_scores(AT_SIX)
    return found


def taken_over() -> int:
    return OutwardEvent.objects.filter(kind="prompt.taken_over").count()


def test_its_time_is_not_over_before_its_word_is_read_and_then_it_told() -> None:
    make_rule()
    prompt = planned()
    keep(prompt)
    assert take_over(AT_FOUR) == 0
    assert (duty_of(prompt).status, taken_over()) == (Status.WAITING, 0)
    apply_at_six()
    prompt.refresh_from_db()
    assert (prompt.status, duty_of(prompt).settled_at) == (Prompt.Status.FIRM_TOLD, NOON + HOUR)
    assert (score().in_time, score().silent, score().late) == (1, 0, 0)


def test_where_the_portal_has_sent_meanwhile_the_firm_kept_its_time_all_the_same() -> None:
    make_rule()
    prompt = planned()
    report = keep(prompt)
    take_over(AT_FOUR)
    assert len(claim("sms", AT_FOUR)) == 1
    apply_at_six()
    prompt.refresh_from_db()
    report.refresh_from_db()
    assert (prompt.status, duty_of(prompt).status, report.status) == ("active", Status.MET, "applied")
    assert take_over(AT_SIX) == 0
    assert (score().in_time, score().silent, taken_over()) == (1, 0, 0)


@pytest.mark.parametrize(("proof", "why"), [("accepted", "no_proof"), ("failed", "not_reached")])
def test_what_it_said_and_was_not_enough_is_why_the_portal_took_over(proof: str, why: str) -> None:
    make_rule(hours=1)
    prompt = planned(1)
    keep(prompt, at=NOON + HOUR, proof=proof)
    take_over(NOON + HOUR)
    claim("sms", NOON + HOUR)
    apply_at_six()
    assert take_over(AT_SIX) == 1
    assert (duty_of(prompt).status, duty_of(prompt).why_late) == (Status.TAKEN_OVER, why)


def test_the_other_firm_is_not_asked_for_what_the_first_has_told() -> None:
    make_rule(backup="platform", backup_hours=2)
    prompt = planned(7)
    keep(prompt)
    take_over(AT_FOUR)
    assert duty_of(prompt).status == Status.WAITING
    apply_at_six()
    assert duty_of(prompt).status == Status.MET


def test_what_came_after_its_time_or_of_another_firm_holds_nothing() -> None:
    make_rule()
    prompt = planned()
    keep(prompt, at=AT_FOUR + HOUR / 60)
    keep(prompt, by=make_platform())
    assert take_over(AT_FOUR + HOUR) == 1
    assert duty_of(prompt).why_late == "silent"


def test_a_word_that_came_too_late_is_too_late_however_soon_it_is_read() -> None:
    make_rule()
    prompt = planned()
    report = keep(prompt, at=AT_FOUR + HOUR / 60)
    claim("sms", AT_FOUR)
    apply_at_six()
    report.refresh_from_db()
    assert take_over(AT_SIX) == 1
    assert (duty_of(prompt).status, duty_of(prompt).telling) == (Status.TAKEN_OVER, None)
