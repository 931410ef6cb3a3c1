"""Prompts that two firms take turns to send, that are told together, and many at once."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.tests.factories import make_borrower
from loans.intake.events.event_types import NoticeRecord
from loans.intake.events.incoming import Incoming
from loans.intake.events.reading import read_message
from loans.intake.events.sweep import apply_kept
from loans.models import Event, Installment, OutwardEvent, Partner
from loans.tests.factories import make_bank, make_installment, make_loan, make_platform
from loans.tests.outward import hear as hear_events
from notifications import firm_reports
from notifications.coverage import check_coverage
from notifications.escalation import climb
from notifications.models import Delivery, Duty, NoticeEvent, Prompt
from notifications.planning import plan_overdue, plan_upcoming
from notifications.taking_over import take_over
from notifications.tests.factories import NOON, TODAY, claim, clock
from notifications.tests.firms import HOUR, due_in, duty_of, event_about, make_rule, named_on, planned, push, report

pytestmark = pytest.mark.django_db
Status = Duty.Status
APPLIED, UNCHANGED = ("applied", ""), ("unchanged", "")
AT_FOUR = NOON + 4 * HOUR


def test_the_other_firm_comes_before_the_portal() -> None:
    make_rule(hours=2, backup="platform", backup_hours=3)
    hear_events(make_platform())
    prompt = planned()
    duty = duty_of(prompt)
    assert (duty.report_by, duty.portal_at) == (NOON + 2 * HOUR, NOON + 5 * HOUR)
    assert take_over(NOON + 2 * HOUR) == 1
    assert duty_of(prompt).status == Status.PASSED_ON
    assert OutwardEvent.objects.get(kind="prompt.taken_over").data["sender"] == "lantern"
    assert claim("sms", NOON + 3 * HOUR) == []
    assert prompt.installment is not None
    assert report(prompt.installment, at=NOON + 3 * HOUR, by=make_platform()) == APPLIED
    assert duty_of(prompt).status == Status.MET
    assert take_over(NOON + 6 * HOUR) == 0


def test_when_both_firms_keep_silent_the_portal_sends() -> None:
    make_rule(hours=2, backup="platform", backup_hours=3)
    hear_events(make_bank())
    prompt = planned()
    assert [take_over(NOON + hours * HOUR) for hours in (2, 4, 5)] == [1, 0, 1]
    assert duty_of(prompt).status == Status.TAKEN_OVER
    told = OutwardEvent.objects.filter(kind="prompt.taken_over")
    assert [event.data["sender"] for event in told.order_by("pk")] == ["lantern", "portal"]
    assert len(claim("sms", NOON + 5 * HOUR)) == 1
    kinds = NoticeEvent.objects.filter(kind__in=["passed_on", "taken_over"]).order_by("pk")
    assert list(kinds.values_list("kind", flat=True)) == ["passed_on", "taken_over"]


def test_a_loan_without_the_firm_that_is_responsible_is_the_portals() -> None:
    make_rule("platform")
    prompt = planned(platform=None)
    assert prompt.tell_at == NOON


def test_what_ended_otherwise_is_nobodys_duty() -> None:
    make_rule()
    prompt = planned()
    Prompt.objects.update(status=Prompt.Status.CANCELLED)
    assert take_over(AT_FOUR) == 1
    assert duty_of(prompt).status == Status.VOID
    assert not NoticeEvent.objects.filter(kind="taken_over").exists()


def pair(days: int = 3, places: int = 2) -> list[Installment]:
    """Installments that are told together, planned."""
    loan = make_loan(make_borrower())
    rows = [make_installment(loan, due_on=TODAY + timedelta(days=days)) for _place in range(places)]
    assert plan_upcoming(clock()) == places
    return rows


def test_installments_that_are_told_together_by_one_message_of_the_firm_end_together() -> None:
    make_rule()
    rows = pair()
    push(make_bank(), [event_about(row, at=NOON + HOUR) for row in rows], at=NOON + HOUR)
    apply_kept()
    assert set(Prompt.objects.values_list("status", flat=True)) == {Prompt.Status.FIRM_TOLD}
    assert set(Delivery.objects.values_list("status", flat=True)) == {"cancelled"}


@pytest.mark.parametrize("which", [0, 1])
def test_what_the_firm_has_told_of_several_ends_and_the_message_names_the_others_alone(which: int) -> None:
    make_rule()
    rows = pair(places=3)
    told, *others = [rows[which], *rows[:which], *rows[which + 1 :]]
    assert report(told) == APPLIED
    ended = Prompt.objects.get(installment=told)
    assert (ended.status, ended.reason, ended.told_with) == (Prompt.Status.FIRM_TOLD, "told by a firm", None)
    assert check_coverage(clock(AT_FOUR)) == 0
    leader = Prompt.objects.get(status=Prompt.Status.ACTIVE, told_with=None)
    assert leader.look_again_at == AT_FOUR + 4 * HOUR
    assert claim("sms", AT_FOUR - timedelta(seconds=1)) == []
    assert named_on("sms", AT_FOUR) == {one.pk for one in others}
    assert len(claim("in_app", AT_FOUR)) == 1


@pytest.mark.parametrize("which", [0, 1])
def test_what_the_firm_has_told_is_not_named_where_it_reached_nobody_with_the_other(which: int) -> None:
    make_rule()
    rows = pair()
    at = NOON + HOUR
    said = {rows[which].pk: "delivered", rows[1 - which].pk: "failed"}
    push(make_bank(), [event_about(row, at=at, proof=said[row.pk]) for row in rows], at=at)
    apply_kept()
    assert set(Event.objects.values_list("status", flat=True)) == {"applied"}
    assert Prompt.objects.get(installment=rows[which]).status == Prompt.Status.FIRM_TOLD
    assert duty_of(Prompt.objects.get(installment=rows[1 - which])).why_late == "not_reached"
    assert named_on("sms", at) == {rows[1 - which].pk}


def test_the_last_of_several_that_the_firm_tells_takes_the_message_back() -> None:
    make_rule()
    first, second = pair()
    assert report(first) == APPLIED
    assert report(second, at=NOON + 2 * HOUR) == APPLIED
    assert set(Prompt.objects.values_list("status", flat=True)) == {Prompt.Status.FIRM_TOLD}
    assert set(Delivery.objects.values_list("status", flat=True)) == {"cancelled"}
    assert climb(clock(AT_FOUR + 5 * HOUR)) == 0


def test_where_sent_alone_is_not_enough_for_one_of_several_it_is_told_alone() -> None:
    make_rule(hours=1)
    first, second = pair(days=1)
    at = NOON + timedelta(minutes=10)
    assert report(first, at=at, proof="delivered") == report(second, at=at) == APPLIED
    assert take_over(NOON + HOUR) == 1
    assert named_on("sms", NOON + HOUR) == {second.pk}


def test_what_different_firms_have_to_send_is_not_told_together() -> None:
    make_rule(product="Phone plan")
    borrower = make_borrower()
    for product in ("Phone plan", "Sofa", "Sofa"):
        make_installment(make_loan(borrower, product=product), due_on=TODAY + timedelta(days=3))
    assert plan_upcoming(clock()) == 3
    assert Prompt.objects.filter(told_with=None).count() == 2
    assert sorted(Prompt.objects.filter(told_with=None).values_list("tell_at", flat=True)) == [NOON, AT_FOUR]


def test_overdue_prompts_have_rules_of_their_own() -> None:
    make_rule("portal")
    make_rule("platform", bank=make_bank(), kind="overdue")
    due_in(-1)
    due_in(3)
    plan_upcoming(clock())
    plan_overdue(clock())
    assert dict(Prompt.objects.values_list("kind", "tell_at")) == {"upcoming": NOON, "overdue": AT_FOUR}
    assert not duty_of(Prompt.objects.get(kind="overdue")).needs_proof


def test_planning_costs_the_same_however_many_a_firm_has_to_send(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_rule()
    for days in range(1, 8):
        due_in(days)
    with django_assert_num_queries(32):
        assert plan_upcoming(clock()) == 7


def test_reports_cost_the_same_however_many_there_are(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_rule()
    hear_events(make_bank())
    rows = [due_in(3) for _place in range(6)]
    plan_upcoming(clock())
    push(make_bank(), [event_about(row, at=NOON + HOUR) for row in rows[:2]], at=NOON + HOUR)
    with django_assert_num_queries(32):
        apply_kept()
    push(make_bank(), [event_about(row, at=NOON + HOUR) for row in rows[2:]], at=NOON + HOUR)
    with django_assert_num_queries(32):
        apply_kept()
    assert Prompt.objects.filter(status=Prompt.Status.FIRM_TOLD).count() == 6


def test_reading_what_is_named_reads_no_other_period(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Forty loans of six periods, a word about one period of each, of all numbers."""
    loans = [make_loan(make_borrower()) for _place in range(40)]
    rows = [[make_installment(loan, due_on=TODAY) for _place in range(6)] for loan in loans]
    named = [periods[place % 6] for place, periods in enumerate(rows)]
    pushed = push(make_bank(), [event_about(row, at=NOON) for row in named], at=NOON)
    notices = [
        (Incoming(pushed, one), one.record)
        for one in read_message(bytes(pushed.content), Partner.Kind.BANK, NOON)
        if isinstance(one.record, NoticeRecord)
    ]
    bank = make_bank()
    with django_assert_num_queries(1):
        periods = firm_reports._periods(bank, notices)
    assert {row.pk for row in periods.values()} == {row.pk for row in named}
