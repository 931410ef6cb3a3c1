"""The same message at the same moment, and several sweeps at once: real connections."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from loans.intake.events.catalogue import CATALOGUE
from loans.intake.events.sweep import apply_kept
from loans.models import Event, Loan, Payment, Report
from loans.tests.factories import make_bank
from loans.tests.pushing import event, make_key, push

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each returns; all begin together, each on a connection of its own."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        connection.ensure_connection()
        start.wait(timeout=30)
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def about(name: str, number: int) -> dict[str, Any]:
    loan = f"L-{number}"
    said = dict(CATALOGUE[name, 1].example) | {"loan": loan}
    if name == "loan.opened":
        said["borrower"] = {"id": f"B-{number}", "name": "A"}
    else:
        said["payment"] = f"{loan}-1"
    return event(name, said)


def test_a_message_that_comes_several_times_at_once_is_kept_once() -> None:
    secret, said = make_key(make_bank()), event("loan.opened")
    answers = at_once(*[lambda: push("harbour", secret, said, message_id="m-1")] * 4)
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["report"] for answer in answers} == {Report.objects.get().pk}


def test_of_different_messages_under_one_id_at_once_one_is_kept() -> None:
    secret = make_key(make_bank())
    events = [event("loan.opened") for _ in range(4)]
    answers = at_once(*[lambda said=said: push("harbour", secret, said, message_id="m-1") for said in events])
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    assert Report.objects.count() == 1


def test_sweeps_side_by_side_apply_each_event_once() -> None:
    secret = make_key(make_bank())
    for number in range(12):
        push("harbour", secret, about("loan.opened", number), about("payment.settled", number))

    def sweep() -> int:
        done = 0
        while count := apply_kept(most=2):
            done += count
        return done

    assert sum(at_once(*[sweep] * 3)) == 12
    assert set(Event.objects.values_list("status", flat=True)) == {Event.Status.APPLIED}
    assert (Event.objects.count(), Loan.objects.count(), Payment.objects.count()) == (24, 12, 12)
    assert set(Report.objects.values_list("status", "applied")) == {(Report.Status.APPLIED, 2)}
