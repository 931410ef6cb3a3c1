"""A prompt is sent again from the page of its borrower."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import after_task_publish
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import tasks
from notifications.halting import halt
from notifications.models import Delivery, Preference
from notifications.tests.factories import TODAY, make_delivery, make_prompt
from portal.admin.queued_words import queued_words
from portal.tests.desk import desk_of, make_desk_agent, resend_address, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
FOUND = 302


@pytest.fixture
def agent() -> User:
    return make_desk_agent()


@pytest.fixture
def desk(agent: User) -> Client:
    return desk_of(agent)


@pytest.fixture
def woken() -> Iterator[list[str]]:
    """The queues to which wake-ups were really published meanwhile."""
    queues: list[str] = []

    def hear(routing_key: str, **_facts: Any) -> None:
        queues.append(routing_key)

    after_task_publish.connect(hear)
    yield queues
    after_task_publish.disconnect(hear)


def test_a_prompt_is_sent_again_and_the_senders_are_woken(
    desk: Client, woken: list[str], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    prompt = make_prompt()
    page = reverse("admin:accounts_user_change", args=[prompt.borrower_id])
    shown = desk.get(page).content.decode()
    assert f'formaction="{resend_address(prompt)}" name="channel" value="sms"' in shown
    with django_capture_on_commit_callbacks(execute=True):
        response = desk.post(resend_address(prompt), {"channel": "sms", "next": f"{page}?kind=prompt"})
        assert woken == []
    assert woken == ["in_app", "sms", "email"]
    assert response["Location"] == f"{page}?kind=prompt"
    assert f"On its way: SMS +86•••••{str(prompt.borrower.phone)[-4:]}." in said(desk.get(page))
    assert Delivery.objects.get().prompt == prompt
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Sent again by sms."]


def test_a_broker_that_is_down_costs_the_agent_nothing(
    desk: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.send, "apply_async", fail)
    with django_capture_on_commit_callbacks(execute=True):
        response = desk.post(resend_address(make_prompt()), {"channel": "sms"})
    assert response.status_code == FOUND
    assert Delivery.objects.count() == 1


def test_an_obstacle_is_said_and_nothing_is_queued(desk: Client, woken: list[str]) -> None:
    prompt = make_prompt()
    Preference.objects.create(user=prompt.borrower, channel="sms", enabled=False)
    response = desk.post(resend_address(prompt), {"channel": "sms"}, follow=True)
    assert "switched off" in said(response)
    assert (Delivery.objects.count(), LogEntry.objects.count(), woken) == (0, 0, [])


def test_a_held_one_says_until_when_on_the_borrowers_clock(desk: Client) -> None:
    borrower = make_borrower(time_zone="America/New_York")  # 23:00 there
    prompt = make_prompt(make_installment(make_loan(borrower), due_on=TODAY), stage=1)
    response = desk.post(resend_address(prompt), {"channel": "sms"}, follow=True)
    assert "held until contact hours open: Sun 22 November, 08:00 (America/New_York)" in said(response)


def test_what_is_halted_is_not_said_to_be_on_its_way(desk: Client) -> None:
    standing = halt(reason="Twice.", by=None, now=now(), channel="sms")
    response = desk.post(resend_address(make_prompt()), {"channel": "sms"}, follow=True)
    assert f"waits until what is halted is lifted: #{standing.pk} (SMS)." in said(response)
    assert "On its way" not in said(response)
    assert "On its way" in said(desk.post(resend_address(make_prompt()), {"channel": "email"}, follow=True))


def test_what_a_cap_holds_says_from_when_there_is_room() -> None:
    borrower = make_borrower(time_zone="America/New_York", jurisdiction="us")
    late = make_installment(make_loan(borrower), due_on=TODAY - timedelta(days=1))
    prompt = make_prompt(late, kind="overdue", stage=1)
    called = now() - timedelta(days=2)
    for number in range(1, 8):
        make_delivery(prompt, "voice", status="failed", ordinal=number, sent_at=called, handed_at=called)
    again = make_delivery(prompt, "voice", ordinal=9, next_attempt_at=now())
    assert "the law leaves no room for it before" in queued_words(again)


def test_nobody_is_led_away_from_the_desk(desk: Client) -> None:
    prompt = make_prompt()
    for elsewhere in ("https://evil.test/", "//evil.test", "javascript:alert(1)", "no-page", "home"):
        response = desk.post(resend_address(prompt), {"channel": "in_app", "next": elsewhere})
        assert response["Location"] == reverse("admin:accounts_user_change", args=[prompt.borrower_id])


def test_a_borrower_who_cannot_be_reached_is_offered_nothing(desk: Client) -> None:
    prompt = make_prompt()
    ContactPoint.objects.update(unreachable_since=now())
    page = desk.get(reverse("admin:accounts_user_change", args=[prompt.borrower_id])).content.decode()
    assert "No channel is open." in page
    assert 'name="channel"' not in page
