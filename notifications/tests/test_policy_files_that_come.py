"""A policy file that comes or goes while processes run keeps nobody from being told."""

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.clock import Clock
from notifications.escalation import climb
from notifications.models import Delivery, Prompt
from notifications.planning import plan_upcoming
from notifications.policy_files import jurisdictions, policy_for
from notifications.tests.factories import NOON, word_these
from notifications.tests.test_policy_files import CODES, TODAY, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.POLICY_FOLDER = str(tmp_path)
    return tmp_path


def test_a_file_that_comes_while_a_process_runs_is_read_when_its_people_are_met(folder: Path) -> None:
    assert jurisdictions() == CODES
    write(folder, "de.toml")
    assert str(policy_for("de", "service", TODAY).hours.hours) == "09:00-17:00"


@pytest.mark.parametrize("purpose", ["service", "statutory", "collection"])
def test_one_that_comes_early_holds_from_its_day_on(folder: Path, purpose: str) -> None:
    assert jurisdictions() == CODES
    tomorrow = TODAY + timedelta(days=1)
    write(folder, "de.toml", since=tomorrow.isoformat())
    assert policy_for("de", purpose, TODAY) == policy_for("eu", purpose, TODAY)
    assert policy_for("de", purpose, tomorrow).jurisdiction == "de"


@pytest.mark.parametrize("content", ["", "[[service.hours]]\n", "not a file = ["])
def test_one_that_comes_and_cannot_be_used_is_no_file(folder: Path, content: str) -> None:
    assert jurisdictions() == CODES
    (folder / "de.toml").write_text(content)
    assert policy_for("de", "service", TODAY).jurisdiction == "eu"


def test_one_whose_name_says_nothing_changes_nothing_meanwhile(folder: Path) -> None:
    assert jurisdictions() == CODES
    write(folder, "de.TOML")
    assert policy_for("de", "service", TODAY).jurisdiction == "eu"
    assert str(policy_for("cn", "service", TODAY).hours.hours) == "08:00-22:00"


@pytest.mark.django_db
def test_a_person_whose_file_has_gone_keeps_nobody_waiting(folder: Path) -> None:
    for person in (make_borrower(jurisdiction="de", time_zone="Europe/Berlin"), make_borrower()):
        make_installment(make_loan(person), due_on=TODAY + timedelta(days=3))
    assert plan_upcoming(Clock(NOON)) == 2
    assert set(Delivery.objects.filter(channel="sms").values_list("held_by", flat=True)) == {
        "",
        "eu/service/hours/2000-01-01",
    }
    worded, held = word_these(Delivery.objects.filter(channel="sms").values_list("pk", flat=True), now=NOON)
    assert (len(worded), len(held)) == (1, 1)
    Prompt.objects.update(look_again_at=NOON)
    assert climb(Clock(NOON)) == 2
