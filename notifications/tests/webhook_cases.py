"""What every door for other systems must hold, whoever calls: classes of tests that each door's own class inherits.

A door's class says how a genuine call looks and how a false one would; what has to come of each is said here, once:
`DoorCases` for all of them, `ReceiptCases` for those where it is told that a message arrived. `test_doors` asks for a
class of each door.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import Consent, User
from notifications import receipts
from notifications.models import (
    Acknowledgement,
    AgentTask,
    Callback,
    Delivery,
    InboundText,
    NoticeEvent,
    Preference,
    Receipt,
    RefusedCalls,
)
from notifications.signatures import delivery_id_in, reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.webhooks import refused

NOBODYS = "0190c1de-0000-8000-8000-0123456789ab"
"""A reference that nobody made."""
Why = RefusedCalls.Why


@dataclass(frozen=True)
class Call:
    """One request to a door, as its provider would make it."""

    method: str
    target: str
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    headers: dict[str, str] = field(default_factory=dict)


def make(call: Call) -> int:
    """Make it as an outsider does, without a session and with a real server's answer to a fault; returns the status.

    What was kept of it is then read.
    """
    return answered(call).status_code


def answered(call: Call, reader: User | None = None) -> HttpResponse:
    """The answer to the same, made by a browser of `reader` if anybody."""
    refused.tally.forget()  # as if calls came seconds apart
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if reader:
        client.force_login(reader)
    path, _, query = call.target.partition("?")
    answer = client.generic(
        call.method, path, call.body, content_type=call.content_type, QUERY_STRING=query, headers=call.headers
    )
    receipts.apply_waiting(now=NOON)
    return answer  # type: ignore[return-value]  # what the client adds to it is not looked at


def follows() -> dict[str, Any]:
    """All that a call may change, but for what is kept of the call itself."""
    counted = (Acknowledgement, AgentTask, Consent, InboundText, NoticeEvent, Preference)
    return {
        "deliveries": dict(Delivery.objects.values_list("pk", "status")),
        "moving": Receipt.objects.filter(moved=True).count(),
        **{kind.__name__: kind._default_manager.count() for kind in counted},
    }


def kept() -> tuple[int, ...]:
    return Callback.objects.count(), Receipt.objects.count()


def delivery_named(reference: str) -> Delivery:
    return Delivery.objects.get(pk=delivery_id_in(reference))


def without_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """The database stops to take rows."""
    if re.search(r"\binsert into\b", sql, re.IGNORECASE):
        raise OperationalError("the disk is full")
    return execute(sql, params, many, context)


@pytest.mark.django_db
class DoorCases(ABC):
    """`signs_body` is False where the provider signs nothing that it sends, and a secret is all that it shows."""

    door: ClassVar[str]
    """The name of its address."""
    channel: ClassVar[str]
    provider: ClassVar[str]
    counted_as: ClassVar[str] = ""
    """Where refused calls are counted under another name than the provider's."""
    signs_body: ClassVar[bool]
    wrong_method: ClassVar[str] = "GET"
    taken: ClassVar[int] = 200
    """The answer to a genuine call."""
    unreadable: ClassVar[tuple[int, RefusedCalls.Why]] = (400, Why.UNREADABLE)
    """The answer to one that is malformed, and what it is counted as."""

    @abstractmethod
    def genuine(self, reference: str) -> Call:
        """The provider says something about the message of this reference."""

    @abstractmethod
    def unsigned(self, reference: str) -> Call:
        """The same, from somebody who shows nothing."""

    @abstractmethod
    def wrongly_signed(self, reference: str) -> Call:
        """The same, from somebody who does not know the secret."""

    @abstractmethod
    def signed_for_elsewhere(self, reference: str) -> Call:
        """What proves who calls was genuine for another message, or at another provider's address."""

    @abstractmethod
    def malformed(self) -> Call:
        """The provider itself sends what is none of its calls."""

    @abstractmethod
    def oversized(self, reference: str) -> Call:
        """The provider itself sends more than any call has."""

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
        return self.told()

    def told(self) -> Delivery:
        """The message that genuine calls are about, handed over."""
        return make_delivery(channel=self.channel, status=Status.SENT, sent_at=NOON, handed_at=NOON)

    def assert_refused(
        self, call: Call, *expected: int, why: RefusedCalls.Why = Why.UNPROVEN, reader: User | None = None
    ) -> None:
        """Answered with 4xx and counted, and nothing is stored or moved."""
        counted, before = self.refused(why), (kept(), follows())
        status = answered(call, reader).status_code
        assert status in (expected or range(400, 500))
        assert self.refused(why) == counted + 1
        assert (kept(), follows()) == before

    def refused(self, why: RefusedCalls.Why) -> int:
        """How many calls of this provider were refused for this."""
        rows = RefusedCalls.objects.filter(provider=self.counted_as or self.provider, why=why)
        return sum(rows.values_list("calls", flat=True))

    def test_a_genuine_call_needs_no_sign_in_and_is_taken(self, delivery: Delivery) -> None:
        before = (kept(), follows())
        assert make(self.genuine(reference_of(delivery.pk))) == self.taken
        assert (kept(), follows()) != before
        assert not RefusedCalls.objects.exists()

    def test_a_repeated_call_is_answered_alike_and_changes_nothing_more(self, delivery: Delivery) -> None:
        call = self.genuine(reference_of(delivery.pk))
        assert make(call) == self.taken
        before = follows()
        assert make(call) == self.taken
        assert follows() == before

    def test_an_unsigned_call_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.unsigned(reference_of(delivery.pk)))

    def test_who_is_signed_in_is_asked_for_the_same(self, delivery: Delivery) -> None:
        operator = User.objects.create_superuser("operator@example.test")
        self.assert_refused(self.unsigned(reference_of(delivery.pk)), reader=operator)
        answer = answered(self.genuine(reference_of(delivery.pk)), operator)
        assert (answer.status_code, answer.cookies) == (self.taken, {})

    def test_a_wrongly_signed_call_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.wrongly_signed(reference_of(delivery.pk)))

    def test_a_call_signed_for_elsewhere_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.signed_for_elsewhere(reference_of(delivery.pk)))

    def test_an_altered_call_moves_nothing(self, delivery: Delivery) -> None:
        """Where bodies are not signed it is what only we can have made, a reference or a code, that keeps it away."""
        guessed = f"{reference_of(delivery.pk)[:13]}-8000-8000-0123456789ab"
        call, before = self.altered(NOBODYS, guessed), follows()
        if self.signs_body:
            self.assert_refused(call)
            return
        assert make(call) == self.taken
        after = follows()
        assert [after[name] for name in PROOFS] == [before[name] for name in PROOFS]

    def test_an_oversized_call_is_refused(self, delivery: Delivery) -> None:
        self.assert_refused(self.oversized(reference_of(delivery.pk)), 413, why=Why.TOO_LONG)

    def test_a_malformed_call_is_refused(self) -> None:
        status, why = self.unreadable
        self.assert_refused(self.malformed(), status, why=why)

    def test_a_wrong_method_is_refused(self, delivery: Delivery) -> None:
        call = self.genuine(reference_of(delivery.pk))
        wrong = Call(self.wrong_method, call.target, call.body, call.content_type, call.headers)
        self.assert_refused(wrong, 405, why=Why.METHOD)

    def test_without_a_secret_nothing_is_taken(self, delivery: Delivery) -> None:
        calls = self.genuine(reference_of(delivery.pk)), self.unsigned(reference_of(delivery.pk))
        self.take_away_the_secret()
        for call in calls:
            self.assert_refused(call)

    def test_a_fault_of_ours_is_a_500_so_that_the_provider_calls_again(self, delivery: Delivery) -> None:
        call, before = self.genuine(reference_of(delivery.pk)), (kept(), follows())
        with connection.execute_wrapper(without_writes):
            assert make(call) == 500
        assert (kept(), follows()) == before
        assert make(call) == self.taken
        assert (kept(), follows()) != before


PROOFS = ("deliveries", "moving", "Acknowledgement", "Preference", "Consent")
"""Of what follows from a call: what would say of somebody that they were told, know, or want it otherwise."""


class ReceiptCases(DoorCases):
    """A door at which a genuine call reports that the message was delivered. `keeps_repeats` is False where a report
    that is known is not kept again.
    """

    keeps_repeats: ClassVar[bool] = True

    def test_a_genuine_report_moves_its_delivery(self, delivery: Delivery) -> None:
        make(self.genuine(reference_of(delivery.pk)))
        delivery.refresh_from_db()
        assert delivery.status == Status.DELIVERED
        assert Receipt.objects.get().delivery_id == delivery.pk

    def test_a_report_that_comes_again_is_counted_and_changes_nothing_more(self, delivery: Delivery) -> None:
        call = self.genuine(reference_of(delivery.pk))
        make(call)
        before = follows()
        make(call)
        make(call)
        again = RefusedCalls.objects.filter(provider=self.provider, why=Why.SAID_AGAIN).values_list("calls", flat=True)
        assert (sum(again), Receipt.objects.count()) == ((2, 3) if self.keeps_repeats else (0, 1))
        assert follows() == before

    def test_a_report_that_nobody_signed_is_of_no_other_delivery(self, delivery: Delivery) -> None:
        make(self.altered(NOBODYS, f"{reference_of(delivery.pk)[:13]}-8000-8000-0123456789ab"))
        assert not Receipt.objects.filter(delivery__isnull=False).exists()
