"""Leads that nobody could follow, written past the desk: refused by the database, and planning goes on beside them."""

import importlib
import logging
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.calendar import OVERDUE_WINDOW
from notifications.leads import LONGEST_LEAD, LeadsError, parse_leads, parse_stages
from notifications.models import LeadPlan, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import TODAY, clock

pytestmark = pytest.mark.django_db
migration = importlib.import_module("notifications.migrations.0036_leads_that_can_be_followed")
EVERY_LEAD = ",".join(map(str, range(LONGEST_LEAD, -1, -1)))
EVERY_STAGE = ",".join(map(str, range(1, OVERDUE_WINDOW + 1)))
UPCOMING = ["0", "7,3,1,0", "60,0", "61,0", "7,3,1", "3,7,0", "7,7,0", "7,,0", ",0", "0,", "", "7;0", "-1,0", "0\n"]
OVERDUE = ["1", "1,3,7", "30", "31", "0,3", "3,1", "1,1", "1,,3", ",1", "1,", "", "1;3", "1\n", "13", "1 3"]


def write(upcoming: str, overdue: str) -> bool:
    """As SQL would: whether the database takes it."""
    try:
        with transaction.atomic():
            LeadPlan.objects.create(partner=make_bank(), upcoming=upcoming, overdue=overdue).delete()
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("upcoming", UPCOMING)
def test_the_database_takes_the_leads_that_planning_can_follow(upcoming: str) -> None:
    try:
        fits = upcoming == ",".join(map(str, parse_leads(upcoming)))
    except LeadsError:
        fits = False
    assert write(upcoming, "1,3,7") == fits


@pytest.mark.parametrize("overdue", OVERDUE)
def test_the_database_takes_the_stages_that_planning_can_follow(overdue: str) -> None:
    try:
        fits = overdue == ",".join(map(str, parse_stages(overdue)))
    except LeadsError:
        fits = False
    assert write("7,0", overdue) == fits


def test_every_day_that_there_is_can_be_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s ~ %s, %s ~ %s", [EVERY_LEAD, migration.LEADS, EVERY_STAGE, migration.STAGES])
        assert cursor.fetchone() == (True, True)


def let_anything_in() -> None:
    with connection.cursor() as cursor:
        for name in ("lead_plan_falls_to_the_due_day", "lead_plan_stages_rise"):
            cursor.execute(f"ALTER TABLE notifications_leadplan DROP CONSTRAINT {name}")


def test_a_plan_that_nobody_can_follow_stops_nobody_and_its_own_are_told_by_the_usual_leads(
    caplog: pytest.LogCaptureFixture,
) -> None:
    let_anything_in()
    broken = LeadPlan.objects.create(partner=make_bank(), product="Sofa", upcoming="9,5", overdue="x")
    for product in ("Sofa", "Kitchen"):
        loan = make_loan(make_borrower(), product=product)
        make_installment(loan, due_on=TODAY + timedelta(days=3))
        make_installment(loan, number=2, due_on=TODAY - timedelta(days=3))
    with caplog.at_level(logging.ERROR):
        assert (plan_upcoming(clock()), plan_overdue(clock())) == (2, 2)
    assert set(Prompt.objects.values_list("kind", "stage")) == {("upcoming", 3), ("overdue", 3)}
    [record] = caplog.records
    assert record.getMessage().startswith(f"leads {broken.pk} cannot be followed, the usual ones hold")


def test_the_migration_keeps_what_was_read_without_its_blanks() -> None:
    let_anything_in()
    plan = LeadPlan.objects.create(partner=make_bank(), upcoming=" 7, 03 ,0", overdue="1, 7")
    migration.keep_as_the_form_does(apps, None)
    plan.refresh_from_db()
    assert (plan.upcoming, plan.overdue) == ("7,3,0", "1,7")


def test_the_migration_names_the_row_that_nobody_can_follow() -> None:
    let_anything_in()
    plan = LeadPlan.objects.create(partner=make_bank(), upcoming="7,3")
    with pytest.raises(ValueError, match=rf"notifications_leadplan: {plan.pk} \('7,3' before"):
        migration.keep_as_the_form_does(apps, None)


def test_a_form_without_words_of_its_own_is_refused_all_the_same() -> None:
    with pytest.raises(ValidationError, match="lead_plan_falls_to_the_due_day"):
        LeadPlan(partner=make_bank(), upcoming="7,3").full_clean()
