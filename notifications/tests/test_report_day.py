"""The first day of an adverse report: counted from when the notice was first told outside the portal, and then kept."""

import json
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import make_agent, make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.models import AgentTask, Delivery, Prompt
from notifications.prior_notice import give_prior_notice
from notifications.report_day import days_promised
from notifications.tests.factories import NOON, TODAY, clock, make_delivery, word_these

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DAYS = 10


@pytest.fixture
def prompt() -> Prompt:
    """A notice of ten days, planned at noon; its SMS and its message in the portal wait."""
    overdue = make_installment(make_loan(make_borrower()), due_on=TODAY - 12 * DAY)
    give_prior_notice([overdue.loan], clock(), days=DAYS)
    return Prompt.objects.get()


def named(delivery: Delivery, now: datetime) -> date:
    """The day that it names if it goes out at `now`; its facts are kept with it, as claiming keeps them."""
    (worded,), steps = word_these([delivery.pk], now=now)
    assert steps == []
    facts = json.loads(worded.kept.facts)
    Delivery.objects.filter(pk=delivery.pk).update(facts=facts, sent_at=now, status="sent")
    return date.fromisoformat(facts["report_on"])


def test_a_notice_that_waited_gives_its_days_from_when_it_is_told(prompt: Prompt) -> None:
    assert named(prompt.deliveries.get(channel="sms"), NOON + 15 * DAY) == TODAY + 25 * DAY


def test_what_follows_on_another_rung_names_the_same_day(prompt: Prompt) -> None:
    first = named(prompt.deliveries.get(channel="sms"), NOON + 2 * DAY)
    mail = make_delivery(prompt, Delivery.Channel.EMAIL, facts=None)
    assert named(mail, NOON + 5 * DAY) == first == TODAY + 12 * DAY
    again = make_delivery(prompt, Delivery.Channel.SMS, ordinal=1, facts=None)
    assert named(again, NOON + 30 * DAY) == first


def test_what_is_placed_in_the_portal_afterwards_names_it_too(prompt: Prompt) -> None:
    first = named(prompt.deliveries.get(channel="sms"), NOON)
    assert named(prompt.deliveries.get(channel="in_app"), NOON + DAY) == first


def test_what_reached_nobody_and_what_only_lies_in_the_portal_began_no_days(prompt: Prompt) -> None:
    named(prompt.deliveries.get(channel="in_app"), NOON)
    named(prompt.deliveries.get(channel="sms"), NOON)
    prompt.deliveries.filter(channel="sms").update(status="failed")
    mail = make_delivery(prompt, Delivery.Channel.EMAIL, facts=None)
    assert named(mail, NOON + 3 * DAY) == TODAY + 13 * DAY


def test_the_day_is_that_of_the_borrowers_clock_when_it_was_told(prompt: Prompt) -> None:
    sms = prompt.deliveries.get(channel="sms")
    first = named(sms, NOON)
    User.objects.filter(pk=prompt.borrower_id).update(time_zone="Pacific/Honolulu")
    mail = make_delivery(prompt, Delivery.Channel.EMAIL, facts=None)
    assert named(mail, NOON + DAY) == first


def test_who_is_told_in_person_has_the_days_from_then(prompt: Prompt) -> None:
    named(prompt.deliveries.get(channel="sms"), NOON)
    prompt.deliveries.filter(channel="sms").update(status="failed")
    task = AgentTask.objects.create(
        prompt=prompt, kind="unreachable", borrower=prompt.borrower, act_by=NOON + 4 * DAY, created_at=NOON
    )
    assert days_promised([prompt.pk]) == {}
    done = {"status": "done", "outcome": "told", "assignee": make_agent(), "done_at": NOON + 3 * DAY}
    AgentTask.objects.filter(pk=task.pk).update(**done)
    assert days_promised([prompt.pk]) == {prompt.pk: TODAY + 13 * DAY}


def test_the_page_in_the_portal_names_the_day_that_was_told_outside_and_what_was_placed_stays(prompt: Prompt) -> None:
    placed = named(prompt.deliveries.get(channel="in_app"), NOON)
    told = named(prompt.deliveries.get(channel="sms"), NOON + 15 * DAY)
    assert (placed, told) == (date(2026, 12, 2), date(2026, 12, 17))
    browser = Client()
    browser.force_login(prompt.borrower)
    page = browser.get(reverse("message", args=[prompt.pk])).content.decode()
    assert "17 December" in page
    assert "2 December" not in page.replace("22 December", "")
    assert prompt.deliveries.get(channel="in_app", facts__report_on="2026-12-02")


def test_other_prompts_promise_no_day() -> None:
    delivery = make_delivery(status="sent", sent_at=NOON)
    assert days_promised([delivery.prompt_id]) == {}
