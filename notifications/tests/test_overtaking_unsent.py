"""What of an earlier stage still waits when a later one is planned, though its ladder has ended, is taken back."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from loans.tests.factories import make_installment, make_loan
from notifications import planning_calendar
from notifications.escalation import climb
from notifications.halting import halt, lift
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.passed_by import OVERTAKEN
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, claim, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
Status = Prompt.Status


@pytest.fixture(params=["few", "many"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is found both ways: by what is planned, and by the queue."""
    if request.param == "many":
        monkeypatch.setattr(planning_calendar, "FEW", 0)


@pytest.fixture
def installment() -> Installment:
    """Due in seven days, its figures known for long."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY + 7 * DAY)
    Installment.objects.filter(pk=row.pk).update(known_at=NOON - 30 * DAY)
    return row


def ended(status: str) -> Prompt:
    """The prompt of the seventh day, ended, with its SMS and the message in the portal still waiting."""
    plan_upcoming(clock())
    Prompt.objects.update(status=status)
    return Prompt.objects.get()


def waiting(prompt: Prompt) -> set[str]:
    return set(prompt.deliveries.filter(status__in=["queued", "retrying"]).values_list("channel", flat=True))


def test_when_a_halt_is_lifted_only_the_stage_of_the_day_goes_out(installment: Installment) -> None:
    plan_upcoming(clock())
    earlier = Prompt.objects.get()
    standing = halt(reason="their gateway sends twice", by=make_agent(), now=NOON, channel="sms")
    email = make_delivery(earlier, Delivery.Channel.EMAIL, status="delivered", sent_at=NOON)
    Prompt.objects.update(rung=email.rung)
    climb(clock(NOON + DAY))
    assert Prompt.objects.get().status == Status.TOLD
    plan_upcoming(clock(NOON + 4 * DAY))
    lift(standing.pk, by=None, now=NOON + 4 * DAY)
    later = Prompt.objects.get(stage=3)
    assert claim("sms", NOON + 4 * DAY + timedelta(minutes=1)) == [later.deliveries.get(channel="sms").pk]


@pytest.mark.parametrize("status", [Status.TOLD, Status.ESCALATED, Status.FIRM_TOLD, Status.ACKNOWLEDGED])
def test_however_the_ladder_ended_the_prompt_stays_as_it_is(installment: Installment, status: str) -> None:
    earlier = ended(status)
    earlier.deliveries.filter(channel="sms").update(status="retrying")
    plan_upcoming(clock(NOON + 4 * DAY))
    assert waiting(earlier) == set()
    assert waiting(Prompt.objects.get(stage=3)) == {"sms", "in_app"}
    earlier.refresh_from_db()
    assert (earlier.status, earlier.reason, earlier.voided_at) == (status, "", None)


def test_it_is_on_record_why_it_was_not_sent(installment: Installment) -> None:
    earlier = ended(Status.TOLD)
    plan_upcoming(clock(NOON + 4 * DAY))
    assert set(earlier.deliveries.values_list("status", "reason")) == {("cancelled", OVERTAKEN)}
    events = NoticeEvent.objects.filter(prompt_id=earlier.pk).exclude(kind="planned")
    assert {(event.kind, event.delivery_id, event.data["reason"]) for event in events} == {
        ("cancelled", pk, OVERTAKEN) for pk in earlier.deliveries.values_list("pk", flat=True)
    }


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.TOLD])
def test_nothing_says_that_a_payment_is_coming_up_once_overdue_is_told(installment: Installment, status: str) -> None:
    earlier = ended(status)
    plan_overdue(clock(NOON + 8 * DAY))
    assert waiting(earlier) == set()
    assert waiting(Prompt.objects.get(kind="overdue")) == {"sms", "in_app"}
    earlier.refresh_from_db()
    assert earlier.status == (Status.CANCELLED if status == Status.ACTIVE else status)


def test_what_waits_of_an_earlier_overdue_stage_is_taken_back(installment: Installment) -> None:
    Installment.objects.update(due_on=TODAY - DAY)
    plan_overdue(clock())
    Prompt.objects.update(status=Status.TOLD)
    plan_overdue(clock(NOON + 2 * DAY))
    assert waiting(Prompt.objects.get(stage=1)) == set()
    assert waiting(Prompt.objects.get(stage=3)) == {"sms", "in_app"}


def test_what_is_of_another_installment_or_of_other_figures_waits_on(installment: Installment) -> None:
    other = make_installment(make_loan(make_borrower()), due_on=TODAY + 30 * DAY)
    others = make_prompt(other, stage=7, status=Status.TOLD)
    older = make_prompt(installment, stage=7, version=9, status=Status.TOLD)
    for prompt in (others, older):
        make_delivery(prompt, next_attempt_at=NOON + 9 * DAY)
    plan_upcoming(clock(NOON + 4 * DAY))
    assert (waiting(others), waiting(older)) == ({"sms"}, {"sms"})


def test_without_a_later_stage_it_still_goes_out(installment: Installment) -> None:
    earlier = ended(Status.TOLD)
    make_installment(make_loan(make_borrower()), due_on=TODAY + 3 * DAY)
    plan_upcoming(clock())
    assert waiting(earlier) == {"sms", "in_app"}


def test_it_costs_no_more_questions_where_nothing_waits(
    installment: Installment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    earlier = ended(Status.TOLD)
    earlier.deliveries.update(status="sent", sent_at=NOON)
    with django_assert_num_queries(25):
        plan_upcoming(clock(NOON + 4 * DAY))
