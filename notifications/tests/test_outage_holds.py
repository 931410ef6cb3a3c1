"""While an outage touches an installment nothing is demanded for it, and its borrower is told once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_borrower
from loans.models import Installment, Outage
from loans.outages import declare_outage, end_outage, extend_outages
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import tasks
from notifications.composing import word
from notifications.models import Delivery, Prompt
from notifications.planning import plan_overdue
from notifications.prior_notice import give_prior_notice
from notifications.tests.factories import NOON, TODAY, claim, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


@pytest.fixture
def installment() -> Installment:
    """Due yesterday, and open."""
    return make_installment(make_loan(make_borrower()), due_on=TODAY - DAY)


def declare(**said: object) -> Outage:
    """Since two days ago, and nobody knows until when."""
    defaults: dict[str, object] = {"starts_at": NOON - 2 * DAY, "now": NOON, "reason": "Down."}
    return declare_outage(make_bank(), **{**defaults, **said})  # type: ignore[arg-type]


def kinds() -> list[str]:
    return list(Prompt.objects.exclude(status="cancelled").order_by("pk").values_list("kind", flat=True))


def test_nothing_is_planned_as_overdue_until_it_is_over_and_the_hours_to_pay_have_passed(
    installment: Installment,
) -> None:
    outage = declare()
    assert plan_overdue(clock(NOON)) == 0
    end_outage(outage.pk, now=NOON + HOUR)
    over = NOON + HOUR + timedelta(hours=24)
    assert plan_overdue(clock(over - timedelta(seconds=1))) == 0
    assert plan_overdue(clock(over)) == 1


def test_an_overdue_prompt_that_is_on_its_way_is_taken_back(installment: Installment) -> None:
    assert plan_overdue(clock(NOON)) == 1
    declare()
    assert kinds() == ["outage_declared"]
    taken_back = Prompt.objects.get(kind="overdue")
    assert (taken_back.status, taken_back.reason) == ("cancelled", "an outage of a firm")
    assert set(Delivery.objects.filter(prompt=taken_back).values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("kind", [Prompt.Kind.OVERDUE, Prompt.Kind.PRIOR_NOTICE])
def test_what_was_planned_in_the_same_moment_is_not_claimed(installment: Installment, kind: str) -> None:
    declare()
    make_delivery(make_prompt(installment, kind=kind, stage=1))
    assert claim("sms", NOON) == []
    end_outage(Outage.objects.get().pk, now=NOON)
    assert len(claim("sms", NOON + DAY)) == 1


def test_a_reminder_before_the_due_date_goes_out_all_the_same(installment: Installment) -> None:
    declare()
    Installment.objects.update(due_on=TODAY)
    upcoming = make_delivery(make_prompt(installment))
    assert claim("sms", NOON) == [upcoming.pk]


def test_no_notice_of_an_adverse_report_is_given(installment: Installment) -> None:
    declare()
    notices = give_prior_notice([installment.loan], clock(NOON), days=10)
    assert notices.given == 0
    assert "an outage of a firm holds it" in str(notices.refused[0])
    end_outage(Outage.objects.get().pk, now=NOON)
    assert give_prior_notice([installment.loan], clock(NOON + DAY), days=10).given == 1


def test_its_borrower_is_told_once_for_each_outage(installment: Installment) -> None:
    first = declare()
    extend_outages(NOON + HOUR)
    assert kinds() == ["outage_declared"]
    end_outage(first.pk, now=NOON + HOUR)
    declare(now=NOON + 2 * HOUR)
    assert kinds() == ["outage_declared", "outage_declared"]


def test_the_message_says_that_it_is_not_late(installment: Installment) -> None:
    declare()
    delivery = Delivery.objects.get(channel="email")
    (worded,), faults = word([delivery.pk], now=NOON)
    assert faults == []
    assert worded.message
    assert "we do not treat this as late" in worded.message.text
    assert "¥100.00" in worded.message.text


def test_who_has_paid_at_the_platform_is_not_written_to(installment: Installment) -> None:
    Installment.objects.filter(pk=installment.pk).update(state="awaiting_bank")
    declare()
    assert kinds() == []


def test_a_message_that_waits_is_void_once_the_installment_is_paid(installment: Installment) -> None:
    declare()
    Installment.objects.update(state="settled", paid=Decimal(100), outstanding=Decimal(0))
    assert claim("email", NOON + DAY) == claim("sms", NOON + DAY) == claim("push", NOON + DAY) == []


def test_telling_costs_the_same_however_many_are_touched(installment: Installment) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            declare()
        return len(ran)

    few = cost()
    for _place in range(6):
        make_installment(make_loan(make_borrower()), due_on=TODAY)
    assert cost() <= few + 2
