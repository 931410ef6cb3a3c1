"""Whose law, whose calendar, whose leads."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.tests.factories import make_borrower
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from notifications.clock import Clock
from notifications.models import Delivery, LeadPlan, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_hours_are_those_of_the_borrowers_law_and_the_rule_is_kept() -> None:
    late = datetime(2026, 11, 22, 21, 30, tzinfo=SHANGHAI)
    for law in ("cn", "us"):
        make_installment(make_loan(make_borrower(jurisdiction=law)), due_on=TODAY - timedelta(days=1))
    plan_overdue(Clock(late))
    sms = Delivery.objects.filter(channel="sms").select_related("prompt__borrower")
    found = {one.prompt.borrower.jurisdiction: one for one in sms}
    assert (found["cn"].next_attempt_at, found["cn"].held_by) == (late, "")
    assert found["us"].next_attempt_at == datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    assert found["us"].held_by.startswith("us/collection/hours/")
    assert NoticeEvent.objects.get(data__has_key="held_by").data["held_by"] == found["us"].held_by


def test_a_product_has_leads_of_its_own_and_the_others_those_of_their_partner() -> None:
    LeadPlan.objects.create(partner=make_platform(), product="Phone plan", upcoming="10,5,0")
    LeadPlan.objects.create(partner=make_bank(), upcoming="2,0")
    phone = make_installment(make_loan(product="Phone plan"), due_on=TODAY + timedelta(days=9))
    sofa = make_installment(make_loan(product="Sofa"), due_on=TODAY + timedelta(days=2))
    make_installment(make_loan(product="Sofa"), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    stages = dict(Prompt.objects.values_list("installment", "stage"))
    assert stages == {phone.pk: 10, sofa.pk: 2}


def test_who_cannot_be_reached_goes_to_a_person_on_a_working_day() -> None:
    """Due on Monday 23 November 2026, told on Sunday: the last working day was Friday."""
    friday_noon = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
    thursday = datetime(2026, 11, 19, 12, 0, tzinfo=SHANGHAI)
    make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=1))
    plan_upcoming(clock(thursday))
    assert Prompt.objects.get().deadline == friday_noon
    assert NOON.astimezone(SHANGHAI).isoweekday() == 7
