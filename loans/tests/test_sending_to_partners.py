"""The sweep that posts events: what is posted, what answers mean, and what happens while they stay away."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from loans.models import Endpoint, Loan, OutwardDelivery, OutwardEvent
from loans.outward import claiming, endpoints
from loans.outward.payload import body_of
from loans.outward.retrying import LONGEST, LONGEST_REST, MOST_ATTEMPTS, STRIKES_TO_REST, longest_wait, next_attempt
from loans.tests.factories import make_platform
from loans.tests.outward import NOON, hear, standings, sweep, tell
from loans.tests.partner_servers import PartnerServer, run_partner_server
from loans.worker_lock import worker_lock

pytestmark = pytest.mark.django_db
Status = OutwardDelivery.Status


@pytest.fixture
def server(settings: Settings) -> Iterator[PartnerServer]:
    settings.OUTWARD_ALLOW_PRIVATE = True
    with run_partner_server() as server:
        yield server


@pytest.fixture
def secret(loan: Loan, server: PartnerServer) -> str:
    return hear(loan.bank, server.url)[1]


def verify(secret: str, server: PartnerServer, place: int = 0) -> object:
    """What the partner's own library makes of a post, at the time that the post names."""
    posted = server.posts[place]
    with time_machine.travel(int(posted.headers["webhook-timestamp"]), tick=False):
        return Webhook(secret).verify(posted.body, dict(posted.headers))


def test_a_post_is_what_standard_webhooks_asks_for(loan: Loan, secret: str, server: PartnerServer) -> None:
    tell(loan)
    assert sweep() == 1
    event = OutwardEvent.objects.get()
    (posted,) = server.posts
    assert verify(secret, server) == {
        "id": event.pk,
        "type": "prompt.delivered",
        "occurred_at": "2026-11-22T04:00:00.000000Z",
        "data": {"loan": loan.external_id, "bank": "harbour", "prompt": 1},
    }
    assert posted.webhook_id == f"evt_{event.pk}"
    assert posted.headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    assert posted.headers["content-type"] == "application/json"
    assert standings() == [(Status.DELIVERED, 1, 200)]
    assert OutwardDelivery.objects.get().delivered_at == NOON


def test_while_two_secrets_are_valid_both_sign_and_afterwards_the_new_one(
    loan: Loan, secret: str, server: PartnerServer
) -> None:
    endpoint = Endpoint.objects.get()
    newer = endpoints.rotate_secret(endpoint, now=NOON, overlap=timedelta(hours=1))
    tell(loan)
    sweep()
    assert verify(secret, server) == verify(newer, server)
    tell(loan, 2)
    sweep(NOON + timedelta(hours=1))
    assert verify(newer, server, 1)
    with pytest.raises(WebhookVerificationError):
        verify(secret, server, 1)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.usefixtures("secret")
def test_every_2xx_is_success(loan: Loan, server: PartnerServer, status: int) -> None:
    server.answer = lambda _: status
    tell(loan)
    sweep()
    assert standings() == [(Status.DELIVERED, 1, status)]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 409, 418, 429, 500, 503])
@pytest.mark.usefixtures("secret")
def test_whatever_else_is_answered_is_tried_again(loan: Loan, server: PartnerServer, status: int) -> None:
    server.answer = lambda _: status
    server.extra = {"Location": server.url}
    tell(loan)
    sweep()
    assert standings() == [(Status.WAITING, 1, status)]
    assert len(server.posts) == 1, "a redirection is not followed"
    delivery = OutwardDelivery.objects.get()
    assert NOON <= delivery.next_attempt_at <= NOON + longest_wait(1)
    assert delivery.reason == f"answered {status}"


@pytest.mark.usefixtures("secret")
def test_a_dropped_connection_is_tried_again_with_the_same_id_and_bytes(loan: Loan, server: PartnerServer) -> None:
    server.answer = lambda _: None
    tell(loan)
    sweep()
    assert standings() == [(Status.WAITING, 1, None)]
    server.answer = lambda _: 200
    sweep(NOON + LONGEST)
    first, second = server.posts
    assert (first.webhook_id, first.body) == (second.webhook_id, second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert standings() == [(Status.DELIVERED, 2, 200)]


@pytest.mark.usefixtures("secret")
def test_410_switches_the_endpoint_off_and_its_events_wait(loan: Loan, server: PartnerServer) -> None:
    server.answer = lambda _: 410
    tell(loan, 3)
    sweep()
    endpoint = Endpoint.objects.get()
    assert (endpoint.disabled_at, endpoint.disabled_because) == (NOON, "it answered 410 Gone")
    assert {status for status, _, _ in standings()} == {Status.WAITING}
    posts = len(server.posts)
    assert sweep(NOON + LONGEST) == 0
    server.answer = lambda _: 200
    endpoints.enable(endpoint.pk)
    assert sweep(NOON + LONGEST) == 3
    assert len(server.posts) == posts + 3


@pytest.mark.usefixtures("secret")
def test_after_the_last_attempt_it_is_given_up(loan: Loan, server: PartnerServer) -> None:
    server.answer = lambda _: 500
    tell(loan)
    now = NOON
    for _ in range(MOST_ATTEMPTS):
        sweep(now)
        now += LONGEST
    assert standings() == [(Status.DEAD, MOST_ATTEMPTS, 500)]
    assert sweep(now) == 0
    assert len(set(server.webhook_ids)) == 1


@pytest.mark.usefixtures("secret")
def test_an_endpoint_that_fails_again_and_again_is_left_alone_for_a_while(loan: Loan, server: PartnerServer) -> None:
    server.answer = lambda _: 503
    tell(loan, 300)
    sweep()
    endpoint = Endpoint.objects.get()
    assert endpoint.resting_until is not None
    assert NOON < endpoint.resting_until <= NOON + LONGEST_REST
    assert STRIKES_TO_REST <= len(server.posts) < 100, "the rest of them waits without an attempt"
    untouched = OutwardDelivery.objects.filter(attempts=0, status=Status.WAITING)
    assert untouched.count() == 300 - len(server.posts)
    assert sweep() == 0
    server.answer = lambda _: 200
    assert sweep(endpoint.resting_until + LONGEST) == 300
    assert Endpoint.objects.filter(strikes=0, resting_until=None).exists()


@pytest.mark.usefixtures("secret")
def test_one_partner_that_is_down_does_not_keep_another_waiting(loan: Loan, server: PartnerServer) -> None:
    with run_partner_server() as other:
        hear(make_platform(), other.url)
        server.answer = lambda _: None
        tell(loan, 200)
        sweep()
        assert sorted(other.webhook_ids) == sorted(
            f"evt_{pk}" for pk in OutwardEvent.objects.of(make_platform().pk).values_list("pk", flat=True)
        )


@pytest.mark.usefixtures("secret")
def test_retry_after_is_kept_to(loan: Loan, server: PartnerServer) -> None:
    server.answer, server.extra = lambda _: 429, {"Retry-After": "7200"}
    tell(loan)
    sweep()
    assert OutwardDelivery.objects.get().next_attempt_at >= NOON + timedelta(hours=2)


def test_an_endpoint_whose_secrets_cannot_be_read_is_switched_off(
    loan: Loan, secret: str, server: PartnerServer, settings: Settings
) -> None:
    settings.SECRET_KEY = "another one, and no fallback"
    tell(loan)
    assert sweep() == 0
    assert Endpoint.objects.get().disabled_because.startswith("no secret of it can be read")
    assert (standings(), server.posts) == ([(Status.WAITING, 0, None)], [])


@pytest.mark.usefixtures("secret")
def test_what_another_worker_holds_is_left_to_it(loan: Loan, server: PartnerServer) -> None:
    tell(loan)
    with worker_lock() as other:
        assert len(claiming.claim(other, now=NOON)) == 1
        assert sweep() == 0
    assert sweep() == 1, "its lock is gone, so it is dead"
    assert len(server.posts) == 1


@pytest.mark.usefixtures("secret")
def test_an_outcome_that_comes_after_the_claim_was_lost_changes_nothing(loan: Loan) -> None:
    tell(loan)
    with worker_lock() as sleeper:
        (one,) = claiming.claim(sleeper, now=NOON)
    sweep()
    late = claiming.Outcome(one.delivery_id, Status.DEAD, 500, "late")
    assert claiming.record([late], sleeper, now=NOON) == 0
    assert standings()[0][0] == Status.DELIVERED


@pytest.mark.usefixtures("secret")
def test_five_thousand_events_are_claimed_and_recorded_in_sets(loan: Loan, server: PartnerServer) -> None:
    tell(loan, 5000)
    with CaptureQueriesContext(connection) as statements:
        assert sweep() == 5000
    assert OutwardDelivery.objects.filter(status=Status.DELIVERED).count() == 5000
    assert len(set(server.webhook_ids)) == len(server.webhook_ids) == 5000
    assert len(statements) < 500, "a tenth of a statement an event, with transactions"


@pytest.mark.usefixtures("secret")
def test_no_index_scan_of_a_claim_reads_what_was_delivered_long_ago(loan: Loan) -> None:
    tell(loan, 300)
    OutwardDelivery.objects.update(status=Status.DELIVERED, delivered_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN " + claiming._CLAIM,
            {"now": NOON, "holder": 1, "limit": 500, "share": 100},
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "outward_delivery_claimable" in plan


@given(st.integers(1, MOST_ATTEMPTS - 1), st.integers(0, 10**6))
def test_waits_are_jittered_below_a_limit_and_never_shorter_than_asked_for(attempts: int, asked: int) -> None:
    wish = timedelta(seconds=asked)
    moment = next_attempt(attempts, now=NOON, asked=wish)
    assert moment is not None
    assert min(wish, LONGEST) <= moment - NOON <= max(longest_wait(attempts), min(wish, LONGEST))


def test_the_schedule_bridges_a_weekend_and_ends() -> None:
    waits = [longest_wait(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert waits == sorted(waits)
    assert timedelta(days=5) < sum(waits, timedelta()) < timedelta(days=7)
    assert next_attempt(MOST_ATTEMPTS, now=NOON) is None


def test_the_body_is_the_same_in_whatever_order_the_database_gives_it() -> None:
    assert body_of({"b": 1, "a": {"d": "贷", "c": 2}}) == body_of(json.loads('{"a": {"c": 2, "d": "贷"}, "b": 1}'))
