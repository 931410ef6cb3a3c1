"""Claim, send, record: through the real channels into the sandbox."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.tests.factories import make_borrower
from loans.models import Dispute, Installment
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.channels.base import Outcome, Result
from notifications.channels.registry import channel_for
from notifications.claiming import Line, holding
from notifications.dispatch import rescue
from notifications.models import Delivery, NoticeEvent, Prompt
from notifications.outcomes import MOST_ATTEMPTS, record_outcomes
from notifications.planning import plan_overdue, plan_upcoming
from notifications.signatures import reference_of
from notifications.silence import time_out
from notifications.states import Status
from notifications.tests.factories import NOON, TODAY, claim, claim_for, clock, make_delivery
from notifications.tests.outside import SandboxProcess, find_closed_port

pytestmark = pytest.mark.django_db
Channel = Delivery.Channel


@pytest.fixture
def providers(sandbox: SandboxProcess, settings: Settings) -> SandboxProcess:
    """Settings that lead to the sandbox."""
    settings.KANNEL_URL = f"{sandbox.url}cgi-bin/sendsms"
    settings.KANNEL_USERNAME = settings.KANNEL_PASSWORD = "sandbox"
    settings.SMS_CALLBACK_URL = f"http://127.0.0.1:{find_closed_port()}/"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sandbox.smtp_port
    return sandbox


def _same(moment: datetime) -> datetime:
    return moment


def planned() -> Prompt:
    make_installment(make_loan(make_borrower()), due_on=TODAY + timedelta(days=3))
    plan_upcoming(clock())
    return Prompt.objects.latest("pk")


def test_a_planned_sms_goes_out_with_our_reference_and_is_recorded(providers: SandboxProcess) -> None:
    prompt = planned()
    assert dispatch.dispatch("sms", clock=lambda: NOON) == 1
    delivery = prompt.deliveries.get(channel=Channel.SMS)
    (message,) = providers.list_messages(channel="sms")
    assert message["reference"] == reference_of(delivery.pk)
    assert (delivery.status, delivery.sent_at, delivery.attempts) == (Status.SENT, NOON, 1)


def test_an_email_has_the_same_message_id_at_every_attempt(providers: SandboxProcess) -> None:
    delivery = make_delivery(channel=Channel.EMAIL)
    for _ in range(2):
        Delivery.objects.filter(pk=delivery.pk).update(status=Status.QUEUED)
        dispatch.dispatch("email", clock=lambda: NOON)
    first, second = providers.list_messages(channel="email", count=2)
    assert first["reference"] == second["reference"] == reference_of(delivery.pk)


def test_what_was_told_is_kept_with_the_delivery(providers: SandboxProcess) -> None:
    prompt = planned()
    dispatch.dispatch("sms", clock=lambda: NOON)
    delivery = prompt.deliveries.get(channel=Channel.SMS)
    assert delivery.facts is not None
    assert (delivery.facts["amount"], delivery.facts["due_on"]) == ("100.000", "2026-11-25")
    assert delivery.wording.startswith("upcoming/3/en@")


def test_the_link_in_a_message_is_no_part_of_what_is_kept(providers: SandboxProcess) -> None:
    prompt = planned()
    dispatch.dispatch("sms", clock=lambda: NOON)
    (message,) = providers.list_messages(channel="sms")
    token = urlsplit(message["text"].split()[-1]).path.rstrip("/").rpartition("/")[2]
    assert len(token) == 30
    assert token not in str(prompt.deliveries.get(channel=Channel.SMS).facts)


def test_the_message_in_the_portal_is_placed_at_once() -> None:
    prompt = planned()
    dispatch.dispatch("in_app", clock=lambda: NOON)
    assert prompt.deliveries.get(channel=Channel.IN_APP).status == Status.SENT


def test_what_is_not_due_yet_waits(providers: SandboxProcess) -> None:
    planned()
    assert dispatch.dispatch("sms", clock=lambda: NOON - timedelta(seconds=1)) == 0


@pytest.mark.parametrize(
    "change", [{"state": "awaiting_bank"}, {"state": "settled", "paid": 100, "outstanding": 0}, {"version": 2}]
)
def test_paid_or_changed_a_second_ago_is_not_claimed(change: dict[str, object]) -> None:
    planned()
    Installment.objects.update(**change)
    assert claim("sms", now=NOON) == []


def test_an_overdue_prompt_of_a_disputed_installment_is_not_claimed() -> None:
    row = make_installment(due_on=TODAY - timedelta(days=1))
    plan_overdue(clock())
    Dispute.objects.create(
        receipt_number="D-1",
        borrower=row.loan.borrower,
        loan=row.loan,
        kind=Dispute.Kind.OTHER,
        opened_at=NOON,
        answer_due_on=date(2026, 12, 7),
    )
    assert claim("sms", now=NOON) == []


def test_a_number_that_is_refused_fails_and_the_ladder_looks_at_once(providers: SandboxProcess) -> None:
    delivery = make_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(address="+8613800130003")
    dispatch.dispatch("sms", clock=lambda: NOON)
    delivery.refresh_from_db()
    assert delivery.status == Status.FAILED
    assert delivery.reason
    assert Prompt.objects.get().look_again_at == NOON


def test_a_mailbox_that_does_not_exist_marks_its_contact_point(providers: SandboxProcess) -> None:
    delivery = make_delivery(channel=Channel.EMAIL)
    Delivery.objects.filter(pk=delivery.pk).update(address="nobody+reject@example.test")
    dispatch.dispatch("email", clock=lambda: NOON)
    point = delivery.contact_point
    assert point is not None
    point.refresh_from_db()
    assert point.unreachable_since == NOON


def test_a_provider_that_is_down_is_tried_again_later_and_later(settings: Settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", find_closed_port()
    delivery = make_delivery(channel=Channel.EMAIL)
    pauses = []
    now = NOON
    for _ in range(MOST_ATTEMPTS - 1):
        dispatch.dispatch("email", clock=partial(_same, now))
        delivery.refresh_from_db()
        assert delivery.status == Status.RETRYING
        pauses.append(delivery.next_attempt_at - now)
        now = delivery.next_attempt_at
    assert pauses == sorted(pauses)
    dispatch.dispatch("email", clock=partial(_same, now))
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.FAILED, MOST_ATTEMPTS)


def test_an_sms_whose_answer_was_lost_is_unconfirmed_and_not_sent_again(providers: SandboxProcess) -> None:
    delivery = make_delivery()
    Delivery.objects.filter(pk=delivery.pk).update(address="+8613800130011")
    for _ in range(2):
        dispatch.dispatch("sms", clock=lambda: NOON)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.UNCONFIRMED, 1)
    assert len(providers.list_messages(channel="sms")) == 1


def test_a_delivery_that_cannot_be_worded_fails_alone(providers: SandboxProcess) -> None:
    broken, good = make_delivery(channel=Channel.EMAIL), make_delivery(channel=Channel.EMAIL)
    Installment.objects.filter(prompts=broken.prompt).update(outstanding="0.001", total="0.001")
    dispatch.dispatch("email", clock=lambda: NOON)
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.status, good.status) == (Status.FAILED, Status.SENT)
    assert "could not be worded" in broken.reason


def test_a_dead_workers_email_is_sent_again_and_its_sms_is_not() -> None:
    claimed: dict[str, Any] = {"status": Status.SENDING, "claimed_at": NOON, "claimed_by": 1}
    email = make_delivery(channel=Channel.EMAIL, handed_at=NOON, provider="smtp", **claimed)
    sms = make_delivery(handed_at=NOON, provider="kannel", **claimed)
    with holding() as worker:
        alive = make_delivery(**{**claimed, "claimed_by": worker})
        assert rescue(now=NOON + timedelta(seconds=1)) == 2
    email.refresh_from_db()
    assert email.next_attempt_at > NOON + timedelta(seconds=1)
    statuses = dict(Delivery.objects.values_list("pk", "status"))
    assert statuses == {
        email.pk: Status.RETRYING,
        sms.pk: Status.UNCONFIRMED,
        alive.pk: Status.SENDING,
    }


def test_what_a_provider_left_that_is_set_up_no_more_keeps_nobody_else_waiting(settings: Settings) -> None:
    claimed: dict[str, Any] = {"status": Status.SENDING, "claimed_at": NOON, "claimed_by": 1, "handed_at": NOON}
    settings.TWILIO_ACCOUNT_SID = ""
    gone = [make_delivery(provider=word, **claimed) for word in ("twilio", "taken-out")]
    mail = make_delivery(channel=Channel.EMAIL, provider="smtp", **claimed)
    assert rescue(now=NOON + timedelta(seconds=1)) == 3
    assert set(Delivery.objects.filter(pk__in=[one.pk for one in gone]).values_list("status", flat=True)) == {
        Status.UNCONFIRMED
    }
    assert Delivery.objects.get(pk=mail.pk).status == Status.RETRYING


def test_a_mail_in_doubt_is_not_sent_again_where_another_firm_might_be_asked(settings: Settings) -> None:
    settings.EMAIL_PROVIDERS, settings.ANYMAIL_BACKEND = ["smtp", "anymail"], "anymail.backends.mailgun.EmailBackend"
    claimed: dict[str, Any] = {"channel": Channel.EMAIL, "status": Status.SENDING, "claimed_by": 1, "handed_at": NOON}
    abandoned = make_delivery(provider="smtp", claimed_at=NOON, **claimed)
    rescue(now=NOON + timedelta(seconds=1))
    unanswered = make_delivery(provider="smtp", claimed_at=NOON, **claimed)
    with channel_for("email") as channel:
        record_outcomes([Outcome(reference_of(unanswered.pk), Result.UNKNOWN)], channel, now=NOON)
    statuses = Delivery.objects.filter(pk__in=[abandoned.pk, unanswered.pk]).values_list("status", flat=True)
    assert set(statuses) == {Status.UNCONFIRMED}


def test_what_a_worker_holds_for_longer_than_its_lease_is_freed(settings: Settings) -> None:
    delivery = make_delivery(channel=Channel.EMAIL)
    with holding() as sleeper:
        assert claim_for(sleeper, "email") == [delivery.pk]
        Delivery.objects.update(provider="smtp")
        later = NOON + settings.CLAIM_LEASE + timedelta(seconds=1)
        assert (rescue(now=NOON), rescue(now=later)) == (0, 1)
        assert claim("email", now=later + settings.RETRY_AFTER) == [delivery.pk]


def test_what_is_claimed_has_its_facts_before_the_provider_is_asked() -> None:
    delivery = make_delivery(channel=Channel.EMAIL)
    line = Line("email")
    with holding() as holder:
        [worded] = dispatch._claim(line, "smtp", holder, NOON, 10) or []
        assert dispatch._claim(line, "smtp", holder, NOON, 10) is None
    delivery.refresh_from_db()
    assert (delivery.status, delivery.handed_at, delivery.claimed_by) == (Status.SENDING, NOON, holder)
    assert (delivery.facts or {})["amount"]
    assert delivery.wording
    assert worded.message
    assert (worded.message.address, worded.person) == (delivery.address, delivery.prompt.borrower_id)


def test_a_provider_that_says_nothing_in_time_leaves_it_unconfirmed() -> None:
    silent = make_delivery(status=Status.SENT, sent_at=NOON - timedelta(hours=2))
    recent = make_delivery(status=Status.SENT, sent_at=NOON)
    placed = make_delivery(channel=Channel.IN_APP, status=Status.SENT, sent_at=NOON - timedelta(days=9))
    assert time_out(clock()) == 1
    statuses = dict(Delivery.objects.values_list("pk", "status"))
    assert statuses == {silent.pk: Status.UNCONFIRMED, recent.pk: Status.SENT, placed.pk: Status.SENT}


def test_the_number_of_queries_does_not_grow_with_the_batch(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(8):
        make_delivery(channel=Channel.IN_APP)
    with django_assert_max_num_queries(18):
        assert dispatch.dispatch("in_app", clock=lambda: NOON) == 8


def test_each_sending_is_on_record() -> None:
    delivery = make_delivery(channel=Channel.IN_APP)
    dispatch.dispatch("in_app", clock=lambda: NOON)
    event = NoticeEvent.objects.get()
    assert (event.kind, event.delivery_id, event.data["channel"]) == ("sent", delivery.pk, "in_app")
    assert "address" not in event.data
