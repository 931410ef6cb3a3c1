"""After a conversation about what is overdue nobody is called for as long as the policy says."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.agent_tasks import finish
from notifications.contacts import CALL_ENDS_WITHIN
from notifications.models import Acknowledgement, AgentTask, Delivery, Prompt, Receipt
from notifications.policy import Purpose
from notifications.policy_files import policy_for
from notifications.states import Status, Step
from notifications.tests.factories import TODAY, make_delivery, make_prompt, make_receipt, word_these
from notifications.tests.firms import report

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=NEW_YORK)
SPOKE = datetime(2026, 11, 18, 19, 0, tzinfo=NEW_YORK)
"""Four days ago; the seventh day, of which it is the first, is the 24th."""
OVER = datetime(2026, 11, 25, 8, 0, tzinfo=NEW_YORK)
RULE = "us/collection/cool_off/voice/2021-11-30"


@pytest.fixture
def borrower() -> User:
    return make_borrower(jurisdiction="us", time_zone="America/New_York")


def make_overdue(borrower: User, kind: str = Prompt.Kind.OVERDUE, planned_at: datetime = NOW) -> Prompt:
    installment = make_installment(make_loan(borrower), due_on=TODAY - timedelta(days=3))
    return make_prompt(installment, kind=kind, stage=3, planned_at=planned_at)


def call(borrower: User, **fields: object) -> Delivery:
    return make_delivery(make_overdue(borrower), "voice", **{"next_attempt_at": NOW, **fields})


def answered(borrower: User, kind: str = Prompt.Kind.OVERDUE, at: datetime = SPOKE) -> None:
    made = {"status": Status.DELIVERED, "sent_at": at, "delivered_at": at}
    make_delivery(make_overdue(borrower, kind, at), "voice", **made)


def pressed_a_key(borrower: User) -> None:
    told = make_delivery(make_overdue(borrower, planned_at=SPOKE), "voice", status=Status.UNCONFIRMED, sent_at=SPOKE)
    Acknowledgement.objects.create(
        prompt=told.prompt, borrower=borrower, delivery=told, method="voice", amount=Decimal(100), currency="CNY",
        due_on=TODAY, wording="overdue/3/en@1", acknowledged_at=SPOKE,
    )  # fmt: skip


def told_by_an_agent(borrower: User) -> None:
    prompt = make_overdue(borrower, planned_at=SPOKE)
    task = AgentTask.objects.create(
        prompt=prompt, kind="unreachable", borrower=borrower, reason="-", act_by=NOW, created_at=SPOKE
    )
    finish(task_id=task.pk, agent=make_agent(), outcome=AgentTask.Outcome.TOLD, note="", now=SPOKE)


def held(*deliveries: Delivery, now: datetime = NOW) -> list[Step]:
    """The steps that put these off; all others are worded."""
    worded, steps = word_these([delivery.pk for delivery in deliveries], now=now)
    assert len(worded) + len(steps) == len(deliveries)
    return steps


def hung_up_in_the_middle(borrower: User) -> None:
    delivery = make_delivery(
        make_overdue(borrower, planned_at=SPOKE), "voice", status=Status.UNCONFIRMED, sent_at=SPOKE
    )
    make_receipt(delivery, kind=Receipt.Kind.ACCEPTED, provider_word="completed human")


def called_by_a_firm(borrower: User, proof: str = "delivered", at: datetime = SPOKE) -> None:
    row = make_installment(make_loan(borrower), due_on=TODAY - timedelta(days=3))
    report(row, at=NOW, kind="overdue", channel="voice", proof=proof, sent_at=at.isoformat())


@pytest.mark.parametrize("speak", [answered, hung_up_in_the_middle, pressed_a_key, told_by_an_agent, called_by_a_firm])
def test_no_call_follows_a_conversation_before_the_pause_is_over(borrower: User, speak: Callable[[User], None]) -> None:
    speak(borrower)
    delivery = call(borrower)
    [step] = held(delivery)
    assert (step.to, step.held_by, step.next_attempt_at) == (Status.RETRYING, RULE, OVER)
    assert held(delivery, now=OVER) == []


@pytest.mark.parametrize(
    "made",
    [
        {"status": Status.FAILED, "sent_at": SPOKE},
        {"status": Status.UNCONFIRMED, "sent_at": SPOKE},
        {"status": Status.DELIVERED, "sent_at": SPOKE, "delivered_at": SPOKE - timedelta(days=3)},
    ],
    ids=["nobody answered", "a machine answered", "long ago"],
)
def test_what_was_no_conversation_or_is_long_ago_holds_nothing(borrower: User, made: dict[str, object]) -> None:
    make_delivery(make_overdue(borrower, planned_at=SPOKE), "voice", **made)
    assert held(call(borrower)) == []


@pytest.mark.parametrize(
    ("proof", "at"), [("accepted", SPOKE), ("failed", SPOKE), ("delivered", SPOKE - timedelta(days=3))]
)
def test_a_call_of_a_firms_that_is_not_said_to_have_reached_them_or_is_long_ago_is_no_conversation(
    borrower: User, proof: str, at: datetime
) -> None:
    called_by_a_firm(borrower, proof, at)
    assert held(call(borrower)) == []


def test_a_conversation_about_something_else_or_with_somebody_else_holds_nothing(borrower: User) -> None:
    answered(borrower, Prompt.Kind.PRIOR_NOTICE)
    answered(make_borrower(jurisdiction="us", time_zone="America/New_York"))
    assert held(call(borrower)) == []


def test_a_text_message_after_a_conversation_goes_out(borrower: User) -> None:
    answered(borrower)
    assert held(make_delivery(make_overdue(borrower), "sms", next_attempt_at=NOW)) == []


def test_where_the_policy_has_no_pause_a_conversation_is_not_even_asked_about() -> None:
    elsewhere = make_borrower(jurisdiction="eu", time_zone="America/New_York")
    answered(elsewhere)
    delivery = call(elsewhere)
    with CaptureQueriesContext(connection) as asked:
        assert held(delivery) == []
    assert not any("notifications_acknowledgement" in query["sql"] for query in asked)


@pytest.mark.parametrize("status", [Status.SENDING, Status.SENT])
def test_while_one_call_may_become_a_conversation_no_other_is_made(borrower: User, status: Status) -> None:
    began = NOW - timedelta(minutes=5)
    call(borrower, status=status, handed_at=began, sent_at=began if status == Status.SENT else None)
    delivery = call(borrower)
    [step] = held(delivery)
    assert (step.held_by, step.next_attempt_at) == (RULE, began + CALL_ENDS_WITHIN)
    assert held(delivery, now=began + CALL_ENDS_WITHIN) == []


def test_of_two_calls_to_one_person_at_once_one_waits_for_the_other(borrower: User) -> None:
    first, second = call(borrower), call(borrower)
    [step] = held(first, second)
    assert (step.delivery_id, step.next_attempt_at) == (second.pk, NOW + CALL_ENDS_WITHIN)


def test_calls_of_a_firm_that_nobody_took_count_against_the_cap(borrower: User) -> None:
    policy = policy_for("us", Purpose.COLLECTION, TODAY)
    cap = next(one for one in policy.caps_on("voice") if one.span == "week")
    for minutes in range(cap.most):
        called_by_a_firm(borrower, "failed", NOW - timedelta(hours=1, minutes=minutes))
    [step] = held(call(borrower))
    assert step.held_by == cap.id
