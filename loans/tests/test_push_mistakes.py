"""What is wrong with a message is named at once, with its place; what was sent is kept all the same."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.sweep import apply_kept
from loans.models import Event, Loan, Partner, Report
from loans.tests.factories import make_bank
from loans.tests.pushing import event, make_key, push, push_bytes, refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank() -> Partner:
    return make_bank()


@pytest.fixture
def secret(bank: Partner) -> str:
    return make_key(bank)


SHAPES: list[tuple[bytes, str, str]] = [
    (b" ", "not_json", ""),
    (b"{", "not_json", ""),
    (b'{"id": NaN}', "not_json", ""),
    (b'{"id": 1e999999999999999999999}', "not_json", ""),
    (b"[" * 100_000, "not_json", ""),
    (b'"\xff"', "not_utf8", ""),
    (b'{"id": "1", "id": "2"}', "repeated_key", ""),
    (b"[]", "invalid", ""),
    (b'{"events": []}', "invalid", "/events"),
    (b'{"events": {}, "more": 1}', "invalid", ""),
    (b'{"type": "loan.closed"}', "unknown_event_type", "/type"),
    (b'{"type": ["loan.opened"], "version": {}}', "unknown_event_type", "/type"),
]


@pytest.mark.parametrize(("body", "code", "pointer"), SHAPES)
def test_what_cannot_be_read_is_refused_at_once_and_kept_all_the_same(
    secret: str, body: bytes, code: str, pointer: str
) -> None:
    for _again in range(2):
        problem = refused(push_bytes(secret, body), code)
        report = Report.objects.get()
        assert problem["report"] == report.pk
        assert bytes(report.content) == body
        assert report.status == Report.Status.REFUSED
        assert report.refusals[0]["code"] in {code, *[error["code"] for error in problem["errors"]]}
        if pointer:
            assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert apply_kept() == 0


def changed(name: str, **members: Any) -> dict[str, Any]:
    made = event(name)
    made["data"] |= members
    return made


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    (event("payment.settled", occurred_at="2026-11-27T09:00:00"), "date", "/occurred_at"),
    (event("payment.settled", occurred_at="0001-01-01T00:00:00+14:00"), "date", "/occurred_at"),
    (event("payment.settled", occurred_at="2199-01-01T00:00:00Z"), "event_in_future", "/occurred_at"),
    (event("payment.settled", id="\x00"), "invalid", "/id"),
    (event("payment.settled", id="\ud800"), "invalid", "/id"),
    (event("payment.settled", more=1), "invalid", ""),
    (event("payment.settled") | {"\ud800": 1}, "invalid", ""),
    (event("payment.settled") | {"data": None}, "invalid", "/data"),
    (event("payment.received"), "not_your_word", "/type"),
    (changed("payment.settled", amount="-1"), "amount", "/data/amount"),
    (changed("payment.settled", amount="0"), "amount", "/data"),
    (changed("payment.settled", amount="1e3"), "amount", "/data/amount"),
    (changed("payment.settled", amount="0.001"), "amount", "/data"),
    (changed("payment.settled", amount="1" * 16), "amount", "/data/amount"),
    (changed("payment.settled", amount=" 1"), "invalid", "/data/amount"),
    (changed("payment.settled", amount="9" * 5000), "amount", "/data/amount"),
    (changed("payment.settled", amount=412.5), "invalid", "/data/amount"),
    (changed("payment.settled", currency="cny"), "currency", "/data/currency"),
    (changed("payment.settled", paid_on="2026-02-30"), "date", "/data/paid_on"),
    (changed("payment.settled", loan=""), "invalid", "/data/loan"),
    (changed("payment.settled", loan="x" * 65), "invalid", "/data/loan"),
    (changed("payment.settled", loan={}), "invalid", "/data/loan"),
    (changed("payment.settled", installment=True), "invalid", "/data/installment"),
    (changed("payment.settled", installment=0), "invalid", "/data/installment"),
    (changed("payment.settled", installment=2**31), "invalid", "/data/installment"),
    (changed("payment.settled", instalment=1), "invalid", "/data"),
    (changed("position.snapshot", installments=[]), "invalid", "/data/installments"),
    (
        changed("position.snapshot", installments=[{"number": 1, "paid": "0", "outstanding": "0"}] * 2),
        "repeated",
        "/data",
    ),
    (changed("loan.opened", schedule=[event("loan.opened")["data"]["schedule"][0]] * 2), "repeated", "/data"),
    (changed("loan.opened", schedule=[]), "invalid", "/data/schedule"),
    (changed("outage.declared", ends_at="2020-01-01T00:00:00Z"), "date", "/data"),
]


@pytest.mark.parametrize(("said", "code", "pointer"), MISTAKES)
def test_each_mistake_in_an_event_is_named_with_its_place(
    secret: str, said: dict[str, Any], code: str, pointer: str
) -> None:
    problem = refused(push("harbour", secret, said), code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    batch = refused(push("harbour", secret, event("loan.opened"), said), code)
    assert [error["pointer"] for error in batch["errors"]] == [f"/events/1{pointer}"]
    assert set(Report.objects.values_list("status", flat=True)) == {Report.Status.REFUSED}


def test_figures_that_contradict_each_other_are_refused(secret: str) -> None:
    said = event("loan.opened")
    said["data"]["schedule"] = [said["data"]["schedule"][0] | {"total": "412.51"}]
    problem = refused(push("harbour", secret, said), "sums")
    assert "period 1" in problem["errors"][0]["detail"]


def test_a_message_has_at_most_a_thousand_events(secret: str) -> None:
    said = event("outage.ended")
    many = [said | {"id": str(number)} for number in range(1001)]
    assert push("harbour", secret, *many[1:]).status_code == 202
    refused(push("harbour", secret, *many), "too_many_events")


def test_an_events_id_stands_once_in_a_message(secret: str) -> None:
    said = event("outage.ended")
    problem = refused(push("harbour", secret, said, said), "repeated")
    assert problem["errors"][0]["pointer"] == "/events/1/id"


def test_mistakes_of_several_kinds_are_all_told(secret: str) -> None:
    problem = refused(
        push(
            "harbour",
            secret,
            changed("payment.settled", amount="x", currency="y"),
            event("loan.opened", type="loan.closed"),
        ),
        "invalid",
    )
    assert {error["code"] for error in problem["errors"]} == {"amount", "currency", "unknown_event_type"}


def test_what_lay_ahead_is_refused_alike_when_its_moment_has_come(secret: str) -> None:
    now = timezone.now()
    said = event("payment.settled", occurred_at=(now + timedelta(minutes=8)).isoformat())
    first = refused(push("harbour", secret, said, message_id="m-1"), "event_in_future")
    with time_machine.travel(now + timedelta(minutes=4, seconds=30)):
        assert refused(push("harbour", secret, said, message_id="m-1"), "event_in_future") == first
    assert apply_kept() == 0


def test_under_a_new_id_what_lay_ahead_is_judged_anew(secret: str) -> None:
    now = timezone.now()
    said = event("payment.settled", occurred_at=(now + timedelta(minutes=8)).isoformat())
    refused(push("harbour", secret, said, message_id="m-1"), "event_in_future")
    with time_machine.travel(now + timedelta(minutes=4, seconds=30)):
        assert push("harbour", secret, said, message_id="m-2").status_code == 202
        assert apply_kept() == 1


def test_what_the_catalogue_did_not_know_yet_is_applied_when_it_comes_again(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = event("loan.opened")
    with monkeypatch.context() as before:
        before.delitem(CATALOGUE, ("loan.opened", 1))
        refused_as = refused(push("harbour", secret, said, message_id="m-1"), "unknown_event_type")["report"]
    for _again in range(2):
        answer = push("harbour", secret, said, message_id="m-1")
        assert (answer.status_code, answer.json()["report"]) == (202, refused_as)
        apply_kept()
    assert Loan.objects.count() == Event.objects.filter(status=Event.Status.APPLIED).count() == 1
    assert Report.objects.values_list("status", "refusals").get() == (Report.Status.APPLIED, [])


def test_what_was_taken_is_answered_alike_though_all_of_its_events_were_refused(secret: str) -> None:
    push("harbour", secret, event("loan.opened"))
    said = changed("payment.settled", currency="HKD")
    first = push("harbour", secret, said, message_id="m-1")
    apply_kept()
    assert Report.objects.get(message_id="m-1").status == Report.Status.REFUSED
    again = push("harbour", secret, said, message_id="m-1")
    assert (again.status_code, again.json()) == (202, first.json())
