"""A reminder of what is coming up ends with the due day of its borrower: neither sent nor climbed any further."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment
from loans.outages import declare_outage
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications import dispatch, tasks
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, NoticeEvent, Prompt
from notifications.planning import plan_upcoming
from notifications.resending import CannotResendError, resend
from notifications.tests.bundles import make_pair
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, word_these

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=ZoneInfo("Asia/Shanghai"))
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_senders", lambda: None)


@pytest.fixture
def installment() -> Installment:
    """Due today, and its reminder planned."""
    row = make_installment(make_loan(make_borrower()), due_on=TODAY)
    plan_upcoming(clock())
    return row


def test_one_that_waited_demands_nothing_that_an_outage_holds(installment: Installment) -> None:
    declare_outage(make_bank(), starts_at=NOON, now=NOON, reason="Down.")
    late = NOON + 2 * DAY
    dispatch.dispatch("sms", clock=lambda: late)
    dispatch.dispatch("in_app", clock=lambda: late)
    climb(clock(late))
    assert not Delivery.objects.filter(prompt__kind="upcoming", handed_at__isnull=False).exists()
    assert not AgentTask.objects.exists()
    prompt = Prompt.objects.get(kind="upcoming")
    assert (prompt.status, prompt.reason) == ("cancelled", "its due day is over")
    skipped = NoticeEvent.objects.get(kind=NoticeEvent.Kind.SKIPPED)
    assert (skipped.prompt_id, skipped.data) == (prompt.pk, {"stage": 0, "reason": "its due day is over"})


@pytest.mark.parametrize(
    ("zone", "at", "goes"),
    [
        ("Asia/Shanghai", MIDNIGHT - SECOND, True),
        ("Asia/Shanghai", MIDNIGHT, False),
        ("Pacific/Honolulu", MIDNIGHT, True),
        ("Pacific/Honolulu", MIDNIGHT + 18 * HOUR, False),
        ("Pacific/Kiritimati", MIDNIGHT - 6 * HOUR, False),
    ],
)
def test_the_day_is_that_of_its_borrower(zone: str, at: datetime, goes: bool) -> None:
    row = make_installment(make_loan(make_borrower(time_zone=zone)), due_on=TODAY)
    placed = make_delivery(make_prompt(row, stage=0), "in_app")
    worded, faults = word_these([placed.pk], now=at.astimezone(UTC))
    assert (len(worded), [step.reason for step in faults]) == ((1, []) if goes else (0, ["its due day is over"]))


def test_what_the_night_would_hold_ends_all_the_same() -> None:
    sms = make_delivery(make_prompt(make_installment(make_loan(make_borrower()), due_on=TODAY), stage=0))
    _worded, (step,) = word_these([sms.pk], now=MIDNIGHT.astimezone(UTC))
    assert (step.to, step.reason) == ("failed", "its due day is over")


@pytest.mark.parametrize(("status", "ends"), [("sent", "cancelled"), ("delivered", "told")])
def test_a_ladder_that_waits_ends_with_the_day(installment: Installment, status: str, ends: str) -> None:
    arrived = NOON if status == "delivered" else None
    Delivery.objects.filter(channel="sms").update(status=status, sent_at=NOON, delivered_at=arrived)
    Prompt.objects.update(look_again_at=MIDNIGHT, deadline=MIDNIGHT + HOUR)
    climb(clock(MIDNIGHT.astimezone(UTC)))
    assert Prompt.objects.get().status == ends
    assert not Delivery.objects.filter(channel__in=["email", "voice"]).exists()
    assert not AgentTask.objects.exists()
    kinds = set(NoticeEvent.objects.filter(data__reason="its due day is over", delivery_id=None).values_list("kind"))
    assert kinds == ({("cancelled",)} if ends == "cancelled" else set())


def test_a_person_who_has_it_keeps_it(installment: Installment) -> None:
    Delivery.objects.update(status="failed")
    Prompt.objects.update(deadline=NOON, look_again_at=NOON)
    climb(clock())
    task = AgentTask.objects.get()
    climb(clock(NOON + 2 * DAY))
    task.refresh_from_db()
    assert (task.status, Prompt.objects.get().status) == ("open", "escalated")


@pytest.mark.parametrize("later", [0, 1])
def test_of_several_the_last_day_counts_of_those_that_are_still_owed_so(later: int) -> None:
    """One of them was put off, under a new version that is told by itself."""
    pair = make_pair(due_on=TODAY)
    plan_upcoming(clock())
    Installment.objects.filter(pk=pair[later].pk).update(due_on=TODAY + 9 * DAY, version=2)
    placed = Delivery.objects.get(channel="in_app")
    assert word_these([placed.pk], now=(MIDNIGHT - SECOND).astimezone(UTC))[0]
    assert not word_these([placed.pk], now=MIDNIGHT.astimezone(UTC))[0]
    Prompt.objects.update(look_again_at=MIDNIGHT, deadline=MIDNIGHT + HOUR)
    climb(clock(MIDNIGHT.astimezone(UTC)))
    assert set(Prompt.objects.values_list("status", flat=True)) == {"cancelled"}


def test_an_agent_does_not_send_it_again_on_the_next_day(installment: Installment) -> None:
    Delivery.objects.update(status="failed")
    Prompt.objects.update(status="told")
    prompt, agent = Prompt.objects.get(), make_agent()
    with pytest.raises(CannotResendError, match="not so any more"):
        resend(prompt_id=prompt.pk, channel="sms", agent=agent, now=MIDNIGHT.astimezone(UTC))
    assert resend(prompt_id=prompt.pk, channel="sms", agent=agent, now=NOON + HOUR)
