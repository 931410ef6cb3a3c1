"""What every webhook must hold, whoever calls it: a class of tests that each webhook's own class inherits.

A webhook's class says how a genuine call looks and how a false one would; what has to come of each is said here, once.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from django.db import DatabaseError
from django.test import Client

from notifications import receipts
from notifications.models import Callback, Delivery, Receipt, RefusedCalls
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.webhooks import refused


@dataclass(frozen=True)
class Call:
    """One request to a webhook, as its provider would make it."""

    method: str
    target: str
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    headers: dict[str, str] = field(default_factory=dict)


def make(call: Call) -> int:
    """Make it as an outsider does, without a session and with a real server's answer to a fault; returns the status.

    What was kept of it is then read.
    """
    refused.tally.forget()  # as if calls came seconds apart
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    path, _, query = call.target.partition("?")
    answer = client.generic(
        call.method, path, call.body, content_type=call.content_type, QUERY_STRING=query, headers=call.headers
    )
    receipts.apply_waiting(now=NOON)
    return answer.status_code


@pytest.mark.django_db
class WebhookCases(ABC):
    """`signs_body` is False where the provider signs nothing that it sends, and a secret is all that it shows."""

    channel: ClassVar[str]
    provider: ClassVar[str]
    signs_body: ClassVar[bool]
    wrong_method: ClassVar[str] = "GET"

    @abstractmethod
    def genuine(self, reference: str) -> Call:
        """The provider reports that the message was delivered."""

    @abstractmethod
    def unsigned(self, reference: str) -> Call:
        """The same, from somebody who shows nothing."""

    @abstractmethod
    def wrongly_signed(self, reference: str) -> Call:
        """The same, from somebody who does not know the secret."""

    @abstractmethod
    def replayed(self, reference: str) -> Call:
        """What proves who calls was genuine for another message, or at another provider's address."""

    @abstractmethod
    def malformed(self) -> Call:
        """The provider itself sends what is no report."""

    @abstractmethod
    def oversized(self, reference: str) -> Call:
        """The provider itself sends more than any report has."""

    @abstractmethod
    def take_away_the_secret(self) -> None:
        """Unset what callers have to prove that they know."""

    def altered(self, reference: str, other: str) -> Call:
        """A genuine call about one message, changed on its way to be about another."""
        call = self.genuine(reference)
        assert reference.encode() in call.body
        return Call(call.method, call.target, call.body.replace(reference.encode(), other.encode()),
                    call.content_type, call.headers)  # fmt: skip

    # The cases -------------------------------------------------------------------------------------------------------

    @pytest.fixture
    def delivery(self) -> Delivery:
        return make_delivery(channel=self.channel, status=Status.SENT)

    def assert_refused(self, call: Call, *expected: int, why: RefusedCalls.Why = RefusedCalls.Why.UNPROVEN) -> None:
        """Answered with 4xx and counted, and nothing is stored or moved."""
        before = self.refused(why)
        status = make(call)
        assert status in (expected or range(400, 500))
        assert self.refused(why) == before + 1
        assert not Callback.objects.exists()
        assert set(Delivery.objects.values_list("status", flat=True)) <= {Status.SENT}

    def refused(self, why: RefusedCalls.Why) -> int:
        """How many calls of this provider were refused for this."""
        rows = RefusedCalls.objects.filter(provider=self.provider, why=why)
        return sum(rows.values_list("calls", flat=True))

    def test_a_genuine_report_needs_no_sign_in_and_moves_its_delivery(self, delivery: Delivery) -> None:
        assert make(self.genuine(reference_of(delivery.pk))) == 200
        delivery.refresh_from_db()
        assert delivery.status == Status.DELIVERED
        assert Receipt.objects.get().delivery_id == delivery.pk
        assert not RefusedCalls.objects.exists()

    def test_a_repeated_report_is_answered_alike_and_moves_nothing_more(self, delivery: Delivery) -> None:
        for _ in range(2):
            assert make(self.genuine(reference_of(delivery.pk))) == 200
        assert list(Receipt.objects.filter(moved=True).values_list("delivery", flat=True)) == [delivery.pk]

    def test_an_unsigned_report_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.unsigned(reference_of(delivery.pk)))

    def test_a_wrongly_signed_report_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.wrongly_signed(reference_of(delivery.pk)))

    def test_a_report_signed_for_elsewhere_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.replayed(reference_of(delivery.pk)))

    def test_an_altered_report_moves_no_other_delivery(self, delivery: Delivery) -> None:
        """Where bodies are not signed it is our own tag in the reference that nobody can make for another delivery."""
        guessed = f"{reference_of(delivery.pk)[:13]}-8000-8000-0123456789ab"
        call = self.altered("0190c1de-0000-8000-8000-0123456789ab", guessed)
        if self.signs_body:
            self.assert_refused(call)
        else:
            assert make(call) == 200
            assert Receipt.objects.get().delivery is None
            delivery.refresh_from_db()
            assert delivery.status == Status.SENT

    def test_an_oversized_report_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.oversized(reference_of(delivery.pk)), 413, why=RefusedCalls.Why.TOO_LONG)

    def test_a_malformed_report_is_refused(self) -> None:
        self.assert_refused(self.malformed(), 400, why=RefusedCalls.Why.UNREADABLE)

    def test_a_wrong_method_is_refused(self, delivery: Delivery) -> None:
        call = self.genuine(reference_of(delivery.pk))
        wrong = Call(self.wrong_method, call.target, call.body, call.content_type, call.headers)
        self.assert_refused(wrong, 405, why=RefusedCalls.Why.METHOD)

    def test_without_a_secret_nothing_is_taken(self, delivery: Delivery) -> None:
        self.take_away_the_secret()
        self.assert_refused(self.genuine(reference_of(delivery.pk)))
        self.assert_refused(self.unsigned(reference_of(delivery.pk)))

    def test_a_fault_of_ours_is_a_500_so_that_the_provider_calls_again(
        self, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: object) -> int:
            raise DatabaseError("the database is away")

        with monkeypatch.context() as patch:
            patch.setattr(receipts, "store", fail)
            assert make(self.genuine(reference_of(delivery.pk))) == 500
        assert make(self.genuine(reference_of(delivery.pk))) == 200
        assert Receipt.objects.count() == 1
