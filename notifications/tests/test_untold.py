"""Who fell overdue untold stays on record until somebody says how it came about."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.models import Installment, Outage, OutageHold, Payment
from loans.tests.factories import make_bank, make_installment, make_loan
from notifications.acknowledgement import acknowledge
from notifications.alarms import close_by_hand
from notifications.coverage import check_coverage
from notifications.models import AgentTask, Alarm, Callback, Delivery, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt, make_receipt
from notifications.tests.firms import make_rule, planned, report
from notifications.tests.test_tellings import make_payment
from notifications.untold import look_back

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = NOON + 12 * HOUR
"""When the due day is over in Shanghai."""
AFTER = MIDNIGHT + HOUR


@pytest.fixture
def row() -> Installment:
    return make_due()


def make_due(**fields: Any) -> Installment:
    """Due today, and known for nine days."""
    row = make_installment(make_loan(make_borrower()), due_on=fields.pop("due_on", TODAY))
    Installment.objects.filter(pk=row.pk).update(**{"known_at": NOON - 9 * DAY, **fields})
    row.refresh_from_db()
    return row


def opened(now: datetime = AFTER) -> int:
    return look_back(clock(now))


def make_task(
    prompt: Prompt, done_at: datetime | None = None, outcome: str = "", *, assignee: User | None = None
) -> AgentTask:
    status = "done" if done_at else "open"
    return AgentTask.objects.create(
        prompt=prompt, borrower=prompt.borrower, kind="unreachable", act_by=AFTER, created_at=NOON, status=status,
        outcome=outcome, done_at=done_at, assignee=assignee,
    )  # fmt: skip


def test_it_opens_when_the_due_day_is_over_and_does_not_close_by_itself(row: Installment) -> None:
    assert check_coverage(clock()) == 1
    assert opened(MIDNIGHT - HOUR) == 0
    assert opened() == 1
    assert check_coverage(clock(AFTER)) == 0
    alarm = Alarm.objects.open().get()
    assert (alarm.kind, alarm.borrower, alarm.due_on) == (Alarm.Kind.UNTOLD, row.loan.borrower, TODAY)
    assert (opened(AFTER + DAY), Alarm.objects.filter(kind="untold").count()) == (0, 1)


def test_it_opens_after_days_of_downtime_too(row: Installment) -> None:
    plan_overdue(clock(NOON + 5 * DAY))
    assert opened(NOON + 5 * DAY) == 1
    assert Alarm.objects.open().get().subject == f"untold:{row.pk}:1"


def test_by_the_borrowers_own_day(row: Installment) -> None:
    row.loan.borrower.time_zone = "Pacific/Honolulu"
    row.loan.borrower.save()
    assert opened(AFTER) == 0
    assert opened(AFTER + 18 * HOUR) == 1


def test_it_closes_by_hand_with_a_reason_and_is_not_opened_again(row: Installment) -> None:
    opened()
    close_by_hand(Alarm.objects.get().pk, by=make_agent(), because="The planner was down; she was called.", now=AFTER)
    assert (opened(AFTER + DAY), Alarm.objects.open().count()) == (0, 0)


def test_all_that_one_look_opened_can_be_closed_together_and_nothing_else(row: Installment) -> None:
    """After a long downtime thousands have one cause."""
    make_due()
    opened()
    later = make_due(due_on=TODAY + DAY)
    opened(AFTER + DAY)
    close_by_hand(Alarm.objects.order_by("pk")[0].pk, by=make_agent(), because="It was down.", now=AFTER, together=True)
    assert Alarm.objects.open().get().subject == f"untold:{later.pk}:1"
    assert set(Alarm.objects.exclude(closed_at=None).values_list("closed_because", flat=True)) == {"It was down."}
    assert (opened(AFTER + DAY + HOUR), Alarm.objects.count()) == (0, 3)


def test_what_was_planned_and_arrived_nowhere_is_untold() -> None:
    row = make_due()
    plan_upcoming(clock())
    Prompt.objects.update(status="escalated")
    make_delivery(Prompt.objects.get(installment=row), "email", status="failed", sent_at=NOON)
    assert opened() == 1


class TestToldInTime:
    def test_by_a_message_of_any_stage_that_arrived(self, row: Installment) -> None:
        make_delivery(make_prompt(row, stage=7, status="cancelled"), status="delivered", sent_at=NOON)
        assert opened() == 0

    def test_not_by_one_that_arrived_afterwards(self, row: Installment) -> None:
        prompt = make_prompt(row, stage=0, status="told")
        delivery = make_delivery(prompt, status="delivered", sent_at=NOON, delivered_at=AFTER)
        make_receipt(delivery, "delivered", occurred_at=MIDNIGHT, received_at=AFTER)
        assert opened() == 1

    def test_by_one_whose_receipt_was_read_afterwards(self, row: Installment) -> None:
        prompt = make_prompt(row, stage=0, status="told")
        delivery = make_delivery(prompt, status="delivered", sent_at=NOON, delivered_at=AFTER)
        make_receipt(delivery, "delivered", occurred_at=MIDNIGHT - HOUR, received_at=AFTER)
        assert opened() == 0

    def test_not_by_a_clock_by_which_it_arrived_before_it_was_planned(self, row: Installment) -> None:
        prompt = make_prompt(row, stage=0, status="told")
        delivery = make_delivery(prompt, status="delivered", sent_at=NOON, delivered_at=AFTER)
        make_receipt(delivery, "delivered", occurred_at=NOON - 900 * DAY, received_at=AFTER)
        assert opened() == 1

    def test_not_yet_decided_while_a_receipt_may_come(self, row: Installment) -> None:
        prompt = make_prompt(row, stage=0)
        sms = make_delivery(prompt, status="sent", sent_at=MIDNIGHT - HOUR)
        make_delivery(prompt, "in_app", status="sent", sent_at=MIDNIGHT - HOUR)
        assert opened() == 0
        sms.status = "unconfirmed"
        sms.save()
        unread = Callback.objects.create(provider="kannel", raw=b"x", received_at=MIDNIGHT)
        assert opened() == 0
        Callback.objects.filter(pk=unread.pk).update(applied_at=AFTER)
        assert opened() == 1

    def test_by_i_know(self, row: Installment) -> None:
        prompt = make_prompt(row, stage=0)
        make_delivery(prompt, "in_app", status="sent", sent_at=NOON, wording="x")
        acknowledge(prompt_id=prompt.pk, method="in_app", delivery_id=None, now=NOON)
        assert opened() == 0

    @pytest.mark.parametrize(
        ("outcome", "after", "alarms"),
        [("told", NOON, 0), ("told", AFTER, 0), ("not_reached", NOON, 0), ("contact_mended", NOON, 0), ("", None, 0)],
    )
    def test_or_was_with_a_person(self, row: Installment, outcome: str, after: datetime | None, alarms: int) -> None:
        """What came of it is on record with the task."""
        make_task(make_prompt(row, stage=0, status="escalated"), after, outcome, assignee=make_agent())
        assert opened() == alarms

    @pytest.mark.parametrize("is_taken", [True, False])
    def test_not_by_an_agent_who_called_it_not_needed_and_told_nobody(self, row: Installment, is_taken: bool) -> None:
        agent = make_agent() if is_taken else None
        make_task(make_prompt(row, stage=0, status="escalated"), NOON, "not_needed", assignee=agent)
        assert opened() == 1

    def test_nor_with_a_person_where_nobody_took_the_task(self, row: Installment) -> None:
        make_task(make_prompt(row, stage=0, status="escalated"))
        assert opened() == 1

    @pytest.mark.parametrize(("is_taken", "alarms"), [(True, 0), (False, 1)])
    def test_the_same_of_the_news_that_their_payment_came_back(
        self, row: Installment, is_taken: bool, alarms: int
    ) -> None:
        self.tell_that_it_came_back(row, NOON, deadline=NOON)
        Delivery.objects.update(status="failed", delivered_at=None)
        make_task(Prompt.objects.get(), assignee=make_agent() if is_taken else None)
        assert opened() == alarms

    def test_and_not_with_a_person_who_was_called_in_too_late(self, row: Installment) -> None:
        task = make_task(make_prompt(row, stage=0, status="escalated"), AFTER, "told")
        AgentTask.objects.filter(pk=task.pk).update(created_at=MIDNIGHT)
        assert opened() == 1

    def test_by_the_news_that_their_payment_came_back(self, row: Installment) -> None:
        self.tell_that_it_came_back(row, NOON, deadline=NOON)
        assert opened() == 0

    @pytest.mark.parametrize(("days_ago", "deadline"), [(5, None), (10, NOON - 10 * DAY)])
    def test_not_by_news_of_a_return_with_time_left_or_of_other_figures(
        self, row: Installment, days_ago: int, deadline: datetime | None
    ) -> None:
        """It names no due date, and the figures are known for nine days."""
        self.tell_that_it_came_back(row, NOON - days_ago * DAY, deadline=deadline)
        assert opened() == 1

    @staticmethod
    def tell_that_it_came_back(row: Installment, at: datetime, **fields: Any) -> None:
        payment = make_payment(row, status="returned", returned_at=at)
        told = make_prompt(row, kind="payment_returned", payment=payment, status="told", planned_at=at, **fields)
        make_delivery(told, "email", status="delivered", sent_at=at, delivered_at=at)

    def test_with_the_message_that_named_it_and_not_with_another(self, row: Installment) -> None:
        leader = make_prompt(make_due(), stage=0, status="told")
        make_prompt(row, stage=0, status="told", told_with=leader)
        named = ["Phone plan ··0017", "100.00", "", leader.installment_id]
        delivery = make_delivery(leader, status="delivered", sent_at=NOON, facts={"items": [named]})
        assert opened() == 1
        assert Alarm.objects.get().subject == f"untold:{row.pk}:1"
        Alarm.objects.all().delete()
        delivery.facts = {"items": [named, [*named[:3], row.pk]]}
        delivery.save()
        assert opened() == 0

    @pytest.mark.parametrize(("proof", "alarms"), [("delivered", 0), ("accepted", 1), ("failed", 1)])
    def test_by_a_firm_that_says_that_it_arrived(self, proof: str, alarms: int) -> None:
        make_rule()
        prompt = planned(3)
        Installment.objects.update(known_at=NOON - 9 * DAY)
        assert prompt.installment is not None
        report(prompt.installment, proof=proof)
        assert opened(NOON + 4 * DAY) == alarms

    def test_not_by_what_a_firm_took_back(self) -> None:
        make_rule()
        prompt = planned(3)
        Installment.objects.update(known_at=NOON - 9 * DAY)
        assert prompt.installment is not None
        report(prompt.installment, proof="delivered")
        report(prompt.installment, at=NOON + 2 * HOUR, proof="failed")
        assert opened(NOON + 4 * DAY) == 1


class TestWhoseAlarmItIsNot:
    @pytest.mark.parametrize(
        "fields",
        [
            {"state": "awaiting_bank"},
            {"state": "withdrawn"},
            {"known_at": MIDNIGHT + HOUR / 2},
            {"due_on": TODAY - 31 * DAY},
            {"asked_again_at": MIDNIGHT + HOUR / 2},
        ],
    )
    def test_what_was_not_owed_or_not_known_on_its_due_day(self, fields: dict[str, Any]) -> None:
        make_due(**fields)
        assert opened() == 0

    @pytest.mark.parametrize(("ends", "alarms"), [(None, 0), (AFTER + DAY, 0), (NOON, 1)])
    def test_what_an_outage_held(self, row: Installment, ends: datetime | None, alarms: int) -> None:
        outage = Outage.objects.create(partner=make_bank(), starts_at=NOON, declared_at=NOON, reason="Down.")
        OutageHold.objects.create(outage=outage, installment=row, since=NOON, held_until=ends)
        assert opened(AFTER + 2 * DAY) == alarms

    @pytest.mark.parametrize(("amount", "alarms"), [(100, 0), (40, 1)])
    def test_what_was_paid_on_its_due_day_and_came_back_later(self, row: Installment, amount: int, alarms: int) -> None:
        Payment.objects.create(
            loan=row.loan, installment=row, amount=Decimal(amount), currency="CNY", status="returned", paid_on=TODAY,
            received_at=NOON, returned_at=AFTER,
        )  # fmt: skip
        assert opened(AFTER + HOUR) == alarms


def test_it_looks_by_the_index_of_what_is_open_and_due(row: Installment) -> None:
    with CaptureQueriesContext(connection) as ran:
        look_back(clock(AFTER))
    (statement,) = [one["sql"] for one in ran if "INSERT INTO notifications_alarm" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "installment_open_by_due" in plan
    assert "Seq Scan" not in plan
