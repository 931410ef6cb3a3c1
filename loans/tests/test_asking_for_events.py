"""Events asked for by a cursor, and posted again once a key."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loans import tasks
from loans.api.idempotency import lock_number
from loans.models import Loan, OutwardDelivery, OutwardEvent, StoredReply
from loans.tests.asking import Program, make_program
from loans.tests.factories import make_platform
from loans.tests.outward import hear, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(loan: Loan) -> Program:
    """Of a bank that has been told three events."""
    hear(loan.bank)
    program = make_program(loan.bank)
    tell(loan, 3)
    return program


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [event["id"] for event in answer.json()["results"]]


def test_events_are_told_from_a_cursor_on(bank: Program, loan: Loan) -> None:
    known = list(OutwardEvent.objects.order_by("pk").values_list("pk", flat=True))
    first = bank.get("outward-events", limit=2)
    assert (ids(first), first.json()["next"]) == (known[:2], known[1])
    second = bank.get("outward-events", after=known[1])
    assert (ids(second), second.json()["next"]) == (known[2:], known[2])
    nothing = bank.get("outward-events", after=known[2])
    assert nothing.json() == {"results": [], "next": known[2]}
    assert first.json()["results"][0] == bank.get(f"outward-events/{known[0]}").json()
    assert first.json()["results"][0]["data"] == {"loan": loan.external_id, "bank": "harbour", "prompt": 1}


def test_another_partners_events_are_not_there(bank: Program, loan: Loan) -> None:
    platform = make_program(make_platform())
    event = OutwardEvent.objects.earliest("pk")
    assert platform.get(f"outward-events/{event.pk}").status_code == 404
    assert platform.post(f"outward-events/{event.pk}/redeliver", "k").status_code == 404
    assert ids(platform.get("outward-events")) == []
    assert not StoredReply.objects.exists(), "what is refused may be tried again"


def test_a_page_of_events_costs_the_same_for_one_as_for_many(bank: Program, loan: Loan) -> None:
    def cost(limit: int) -> int:
        with CaptureQueriesContext(connection) as statements:
            bank.get("outward-events", limit=limit)
        return len(statements)

    tell(loan, 50)
    assert cost(1) == cost(50) <= 6


def test_an_event_is_posted_again_once_a_key(bank: Program) -> None:
    OutwardDelivery.objects.update(status="dead", attempts=14)
    event = OutwardEvent.objects.earliest("pk")
    path = f"outward-events/{event.pk}/redeliver"
    first, again = bank.post(path, "key-1"), bank.post(path, "key-1")
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (202, {"queued": 1})
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert bank.post(path, "key-2").json() == {"queued": 0}, "it waits already"
    assert OutwardDelivery.objects.get(event=event).status == "waiting"


def test_a_key_of_another_request_is_refused(bank: Program) -> None:
    first, second, _third = OutwardEvent.objects.order_by("pk").values_list("pk", flat=True)
    bank.post(f"outward-events/{first}/redeliver", "key-1")
    for answer in (
        bank.post(f"outward-events/{second}/redeliver", "key-1"),
        bank.post(f"outward-events/{first}/redeliver", "key-1", other=1),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_is_one_clients_own(bank: Program, loan: Loan) -> None:
    first, second, _third = OutwardEvent.objects.order_by("pk").values_list("pk", flat=True)
    assert bank.post(f"outward-events/{first}/redeliver", "key-1").status_code == 202
    assert make_program(loan.bank).post(f"outward-events/{second}/redeliver", "key-1").status_code == 202


@pytest.mark.parametrize("key", [None, "k" * 129, "with blank", "ключ"])
def test_without_a_key_nothing_is_changed(bank: Program, key: str | None) -> None:
    OutwardDelivery.objects.update(status="dead")
    answer = bank.post(f"outward-events/{OutwardEvent.objects.earliest('pk').pk}/redeliver", key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert set(OutwardDelivery.objects.values_list("status", flat=True)) == {"dead"}


def test_redelivering_needs_a_scope_of_its_own(bank: Program, loan: Loan) -> None:
    reader = make_program(loan.bank, ["events:read"])
    answer = reader.post(f"outward-events/{OutwardEvent.objects.earliest('pk').pk}/redeliver", "k")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_replies_and_tokens_are_forgotten_when_their_time_is_over(bank: Program) -> None:
    path = f"outward-events/{OutwardEvent.objects.earliest('pk').pk}/redeliver"
    bank.post(path, "old")
    bank.post(path, "new")
    StoredReply.objects.filter(key="old").update(made_at=timezone.now() - timedelta(days=31))
    Token.objects.create(type=Token.Type.ACCESS_TOKEN, hash="over", expires_at=timezone.now() - timedelta(hours=1))
    assert tasks.forget_replies() == 2
    assert list(StoredReply.objects.values_list("key", flat=True)) == ["new"]
    assert bank.get("outward-events").status_code == 200


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_of_a_key_is_answered_the_second_is_told_so(bank: Program) -> None:
    path = f"outward-events/{OutwardEvent.objects.earliest('pk').pk}/redeliver"
    wrapper = connection.copy()
    wrapper.set_autocommit(False)
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_number(bank.client, "key-1")])
        answer = bank.post(path, "key-1")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
        assert answer["Retry-After"] == "1"
    finally:
        wrapper.rollback()
        wrapper.close()
    assert bank.post(path, "key-1").status_code == 202
