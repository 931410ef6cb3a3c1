"""Disputes when two act at the same moment, each on a connection of their own."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import User
from accounts.tests.factories import make_agent
from loans import signals
from loans.disputes import AlreadyDecidedError, add_message, answer, decide
from loans.models import Dispute, DisputeFile, DisputeMessage
from loans.tests.disputes import FILE, NOON, heard, make_dispute
from loans.tests.factories import make_loan

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def race(*steps: Callable[[], Any]) -> list[Any]:
    """Run the steps at once, each on a connection of its own; returns what each gave or raised."""
    start = threading.Barrier(len(steps))
    results: list[Any] = [None] * len(steps)

    def run(place: int, step: Callable[[], Any]) -> None:
        try:
            start.wait(10)
            results[place] = step()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, step)) for place, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_of_two_agents_at_once_one_decides_and_the_other_is_told() -> None:
    dispute_id, agents = make_dispute().pk, [make_agent(), make_agent()]

    def deciding(agent: User, decision: str) -> Callable[[], Any]:
        return lambda: decide(
            dispute=Dispute.objects.get(pk=dispute_id), agent=agent, decision=decision, words=decision, now=NOON
        )

    results = race(deciding(agents[0], "upheld"), deciding(agents[1], "rejected"))
    assert sorted(type(result).__name__ for result in results) == ["AlreadyDecidedError", "NoneType"]
    winner = results.index(None)
    stored = Dispute.objects.get(pk=dispute_id)
    assert (stored.decided_by, stored.decision) == (agents[winner], ["upheld", "rejected"][winner])
    assert stored.messages.filter(by_agent=True).count() == 1


def test_a_form_sent_twice_at_once_opens_one_dispute() -> None:
    loan, token = make_loan(), uuid4()
    results = race(*[lambda: make_dispute(loan, form_token=token, files=[FILE])] * 4)
    assert len({result.pk for result in results}) == 1
    assert (Dispute.objects.count(), DisputeMessage.objects.count(), DisputeFile.objects.count()) == (1, 1, 1)


def test_of_two_forms_at_once_one_takes_the_last_place_of_a_loan() -> None:
    loan = make_loan()
    for _number in range(4):
        make_dispute(loan)
    results = race(*[lambda: make_dispute(loan)] * 4)
    assert sorted(type(result).__name__ for result in results) == ["Dispute", *["TooManyDisputesError"] * 3]
    assert Dispute.objects.filter(loan=loan).count() == 5


def test_an_answer_sent_twice_at_once_is_told_once() -> None:
    dispute_id, agent, token = make_dispute().pk, make_agent(), uuid4()

    def send() -> DisputeMessage:
        dispute = Dispute.objects.get(pk=dispute_id)
        return answer(dispute=dispute, agent=agent, words="Hello", now=NOON, form_token=token)

    with heard(signals.dispute_answered) as calls:
        results = race(*[send] * 4)
    assert len({message.pk for message in results}) == 1
    assert calls == [{"dispute_id": dispute_id, "message_id": results[0].pk}]


def test_words_of_the_borrower_and_a_decision_at_once_leave_nothing_after_the_decision() -> None:
    dispute_id, agent = make_dispute().pk, make_agent()

    def add() -> Any:
        dispute = Dispute.objects.get(pk=dispute_id)
        return add_message(dispute=dispute, borrower=dispute.borrower, words="wait", files=[], now=NOON)

    def end() -> Any:
        dispute = Dispute.objects.get(pk=dispute_id)
        return decide(dispute=dispute, agent=agent, decision="rejected", words="no", now=NOON)

    added, decided = race(add, end)
    stored = Dispute.objects.get(pk=dispute_id)
    assert decided is None
    assert stored.status == Dispute.Status.DECIDED
    assert stored.messages.latest("pk").words == "no"
    assert isinstance(added, DisputeMessage | AlreadyDecidedError)
