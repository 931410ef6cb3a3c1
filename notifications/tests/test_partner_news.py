"""What partners are told of telling: proof levels and figures, never contacts or wordings."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_borrower
from loans.models import Installment, OutageHold, OutwardEvent
from loans.tests.factories import make_bank, make_installment, make_loan
from loans.tests.outward import hear as hear_events
from notifications.acknowledgement import acknowledge
from notifications.escalation import climb
from notifications.models import AgentTask, Delivery, Prompt
from notifications.partner_news import tell_arrived
from notifications.planning import plan_overdue, plan_upcoming
from notifications.prior_notice import give_prior_notice
from notifications.states import Status, Step, advance
from notifications.tests import bundles
from notifications.tests.cases import make_case
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, make_prompt

pytestmark = pytest.mark.django_db
Kind = OutwardEvent.Kind


@pytest.fixture
def _heard() -> None:
    hear_events(make_bank())


def deliver(*deliveries: Delivery) -> None:
    Delivery.objects.filter(pk__in=[one.pk for one in deliveries]).update(status=Status.SENT)
    advance([Step(delivery_id=one.pk, to=Status.DELIVERED) for one in deliveries], now=NOON)


@pytest.mark.usefixtures("_heard")
def test_a_case_tells_that_its_prompt_was_delivered_and_then_acknowledged() -> None:
    case = make_case()
    delivered, acknowledged = OutwardEvent.objects.order_by("pk")
    named = {
        "loan": case.loan.external_id,
        "bank": "harbour",
        "prompt": case.prompt.pk,
        "kind": "upcoming",
        "stage": 3,
        "installment": case.installment.number,
        "due_on": case.installment.due_on.isoformat(),
    }
    assert (delivered.kind, delivered.subject) == (Kind.PROMPT_DELIVERED, f"prompt:{case.prompt.pk}")
    figures = {"amount": "100.000", "currency": "CNY"}
    assert delivered.data == {**named, **figures, "level": "delivered", "channel": "sms"}
    assert delivered.occurred_at == NOON + timedelta(seconds=3)
    answer = {"level": "acknowledged", "method": "link", "amount": "100.000", "currency": "CNY"}
    assert (acknowledged.kind, acknowledged.data) == (Kind.PROMPT_ACKNOWLEDGED, {**named, **answer})


@pytest.mark.usefixtures("_heard")
def test_nothing_that_partners_are_told_holds_a_contact_or_a_name() -> None:
    case = make_case(name="Zhang Wei")
    told = json.dumps([event.data for event in OutwardEvent.objects.all()], ensure_ascii=False)
    for secret in (case.borrower.phone, case.borrower.email, case.borrower.name, case.sms.address, case.email.address):
        assert secret
        assert secret not in told


@pytest.mark.usefixtures("_heard")
def test_a_prompt_that_arrives_by_two_channels_is_told_once() -> None:
    prompt = make_prompt()
    deliver(make_delivery(prompt))
    deliver(make_delivery(prompt, Delivery.Channel.EMAIL))
    assert [event.data["channel"] for event in OutwardEvent.objects.all()] == ["sms"]


@pytest.mark.usefixtures("_heard")
def test_each_installment_that_a_message_names_is_told_of() -> None:
    borrower = make_borrower()
    for _ in range(2):
        make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    leading, companion = Prompt.objects.order_by("pk")
    deliver(bundles.deliver("sms"))
    delivered = OutwardEvent.objects.filter(kind=Kind.PROMPT_DELIVERED).order_by("pk")
    assert {event.subject for event in delivered} == {f"prompt:{leading.pk}", f"prompt:{companion.pk}"}
    assert len({event.loan_id for event in delivered}) == 2


@pytest.mark.usefixtures("_heard")
@pytest.mark.parametrize("settled", [0, 1], ids=["the leading one", "its companion"])
def test_an_installment_that_the_message_did_not_name_is_not_called_delivered(settled: int) -> None:
    pair = bundles.make_pair()
    plan_upcoming(clock())
    bundles.settle(pair[settled])
    deliver(bundles.deliver("sms"))
    [event] = OutwardEvent.objects.filter(kind=Kind.PROMPT_DELIVERED)
    assert event.loan_id == pair[1 - settled].loan_id


@pytest.mark.usefixtures("_heard")
def test_one_that_was_held_when_the_message_was_worded_is_not_called_delivered() -> None:
    asked, held = bundles.make_pair(due_on=TODAY - timedelta(days=1))
    plan_overdue(clock())
    bundles.hold_by_outage(held)
    sms = bundles.deliver("sms")
    OutageHold.objects.update(held_until=NOON)
    deliver(sms)
    [event] = OutwardEvent.objects.filter(kind=Kind.PROMPT_DELIVERED)
    assert event.loan_id == asked.loan_id


@pytest.mark.usefixtures("_heard")
def test_what_arrived_is_told_with_the_figures_that_it_named() -> None:
    sms = make_delivery()
    due_on = sms.prompt.installment.due_on if sms.prompt.installment else None
    Installment.objects.update(version=2, total=900, outstanding=900, due_on=TODAY)
    deliver(sms)
    said = OutwardEvent.objects.get().data
    assert due_on
    assert (Decimal(said["amount"]), said["due_on"]) == (Decimal(100), due_on.isoformat())


@pytest.mark.usefixtures("_heard")
def test_what_is_paid_is_not_called_unreachable_with_the_others_of_its_message() -> None:
    paid, asked = bundles.make_pair()
    plan_upcoming(clock())
    bundles.settle(paid)
    Prompt.objects.update(deadline=NOON, look_again_at=NOON)
    climb(clock())
    [event] = OutwardEvent.objects.filter(kind=Kind.BORROWER_UNREACHABLE)
    assert event.loan_id == asked.loan_id


@pytest.mark.usefixtures("_heard")
def test_acknowledging_is_told_once_however_often_it_is_done() -> None:
    sms = make_delivery(status=Status.DELIVERED)
    for _ in range(2):
        acknowledge(prompt_id=sms.prompt_id, method="link", delivery_id=sms.pk, now=NOON)
    assert OutwardEvent.objects.filter(kind=Kind.PROMPT_ACKNOWLEDGED).count() == 1


@pytest.mark.usefixtures("_heard")
def test_that_no_channel_reached_the_borrower_is_told_with_the_time_a_person_has() -> None:
    def fail(delivery: Delivery) -> None:
        Delivery.objects.filter(pk=delivery.pk).update(status=Status.SENT)
        advance([Step(delivery_id=delivery.pk, to=Status.FAILED)], now=NOON)
        climb(clock())

    fail(make_delivery())
    fail(Delivery.objects.get(channel="email"))
    event = OutwardEvent.objects.get()
    assert event.kind == Kind.BORROWER_UNREACHABLE
    assert event.data["person_acts_by"] == AgentTask.objects.get().act_by.isoformat()


def test_where_nobody_hears_one_question_is_all_that_it_costs() -> None:
    deliveries = [make_delivery() for _ in range(3)]
    with CaptureQueriesContext(connection) as statements:
        deliver(*deliveries)
    about_partners = [one["sql"] for one in statements if "loans_partner" in one["sql"] or "outward" in one["sql"]]
    assert len(about_partners) == 1


@pytest.mark.usefixtures("_heard")
def test_telling_partners_costs_the_same_for_one_as_for_many() -> None:
    def cost(count: int) -> int:
        deliveries = [make_delivery() for _ in range(count)]
        with CaptureQueriesContext(connection) as statements:
            deliver(*deliveries)
        return len(statements)

    assert cost(1) == cost(12)
    assert OutwardEvent.objects.count() == 13


@pytest.mark.usefixtures("_heard")
def test_a_prior_notice_that_arrived_or_was_answered_says_from_when_it_may_be_reported() -> None:
    pair = bundles.make_pair(due_on=TODAY - timedelta(days=12))
    give_prior_notice([one.loan for one in pair], clock(), days=10)
    sms = bundles.deliver("sms")
    tell_arrived([sms.pk], at=NOON)
    acknowledge(prompt_id=sms.prompt_id, method="link", delivery_id=sms.pk, now=NOON + timedelta(days=1))
    told = OutwardEvent.objects.order_by("pk").values_list("kind", "data__stage", "data__report_not_before")
    assert [row for row in told if row[0] == Kind.PROMPT_DELIVERED] == [(Kind.PROMPT_DELIVERED, 10, "2026-12-02")] * 2
    assert (Kind.PROMPT_ACKNOWLEDGED, 10, "2026-12-02") in told


@pytest.mark.usefixtures("_heard")
def test_only_a_prior_notice_speaks_of_a_report() -> None:
    make_case()
    assert not OutwardEvent.objects.filter(data__has_key="report_not_before").exists()
