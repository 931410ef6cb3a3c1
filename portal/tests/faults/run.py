"""One fault: the book that is told meanwhile, the wait until all is quiet, the proof, and the line of the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from time import monotonic
from typing import Final

from django.db import DatabaseError, connection
from django.utils import timezone

from notifications.clock import Clock
from notifications.coverage import check_coverage
from notifications.models import Delivery
from notifications.states import Status
from notifications.tests.peers import wait_until
from portal.tests.faults import book
from portal.tests.faults.ledger import OUTSIDE, Copies, Ledger, is_settled
from portal.tests.faults.table import Row
from portal.tests.faults.twilio import Twilio
from portal.tests.faults.world import World

PATIENCE: Final = 180.0
"""Seconds; a small machine under load took 60."""
MOST_KILLS: Final = 20


@dataclass
class Run:
    """`size` is how many borrowers there are; `rows` is the table to which a line is added. `twilio` is there where
    somebody sends by it.
    """

    world: World
    fault: str
    size: int
    rows: list[Row]
    installments: set[int] = field(default_factory=set)
    copies: Copies = field(default_factory=dict)
    started: float = 0.0
    twilio: Twilio | None = None

    def begin(self, *, phones: Sequence[str] = ("deliver",), mail: str = "deliver", due_in: int = book.DUE_IN) -> None:
        """From this moment on there is something to tell."""
        self.started = monotonic()
        self.installments = book.write(self.size, phones=phones, mail=mail, due_in=due_in)
        self.world.nudge()

    def got(self, what: str) -> int:
        """How often the providers have counted `what` ("sms", "email", "voice", "messages")."""
        theirs = self.world.sandbox.read_counts().get(what, 0)
        if self.twilio is None:
            return theirs
        return theirs + sum(self.twilio.count(one) for one in self.twilio.copies if what in (one, "messages"))

    def wait_for(self, what: str, share: float) -> None:
        """Until the provider's counter `what` has reached this share of the borrowers."""
        wanted = int(self.size * share)
        wait_until(f"the provider had counted {wanted} {what}", lambda: self.got(what) >= wanted, PATIENCE)

    def goes_on(self, share: float, what: str = "messages") -> bool:
        """Wait until something is being handed over, and the provider's counter `what` has got this share of the
        borrowers more than now; False if it all ends before.
        """
        wanted = self.got(what) + int(self.size * share)
        sending = Delivery.objects.filter(channel__in=OUTSIDE, status=Status.SENDING)
        busy = quiet = False

        def is_busy_or_quiet() -> bool:
            nonlocal busy, quiet
            busy = self.got(what) >= wanted and sending.exists()
            quiet = not busy and is_settled(self.world.sandbox)
            return busy or quiet

        # A worker is through with a block in less than a tenth of a second, and the blow has to fall before.
        self.wait_until("something was being handed over, or nothing any more", is_busy_or_quiet, every=0.02)
        return busy

    def kill_in_mid_batch(
        self, workers: Sequence[str], *, most: int = MOST_KILLS, share: float = 0.1, what: str = "messages"
    ) -> int:
        """kill -9 again and again, by turns of a whole worker, started again, and of one of the processes that do its
        work, each time when this `share` of the borrowers more has got `what`; returns how often.
        """
        crew, kills = self.world.crew, 0
        blows = cycle([crew.kill_a_child, crew.kill_a_child, crew.restart])
        victims = cycle(workers)
        while kills < most and self.goes_on(share, what):
            next(blows)(next(victims))
            kills += 1
        return kills

    def wait_until(self, what: str, is_so: Callable[[], object], every: float = 0.1) -> None:
        """`is_so` may ask the database, which may be down meanwhile."""

        def ask() -> object:
            connection.close()  # the server may be another one than a moment ago
            try:
                return is_so()
            except DatabaseError:
                return False

        wait_until(what, ask, PATIENCE, every=every)

    @property
    def seconds(self) -> float:
        return monotonic() - self.started

    def settle(self) -> None:
        """Wait until all is quiet, and read what the provider has."""
        self.wait_until("everything had settled", lambda: is_settled(self.world.sandbox))
        spare = self.twilio.copies if self.twilio else {}
        self.copies = {
            channel: _together(self.world.sandbox.list_copies(channel), spare.get(channel, {})) for channel in OUTSIDE
        }

    def prove(self) -> Ledger:
        """Wait until all is quiet, and assert what the product promises."""
        self.settle()
        ledger = Ledger(self.installments, self.copies)
        self.rows.append(describe(self.fault, ledger, self.seconds))
        assert_promise(ledger)
        assert self.world.crew.fallen() == []
        assert check_coverage(Clock.at(timezone.now() + self.world.clock())) == 0
        self.world.settled = True
        return ledger


def _together(first: Mapping[str, list[str]], other: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {reference: [*first.get(reference, []), *other.get(reference, [])] for reference in {**first, **other}}


def assert_promise(ledger: Ledger) -> None:
    assert ledger.lost() == []
    assert ledger.loose_ends() == []
    assert ledger.twice() == []
    assert ledger.strange == []
    assert ledger.strange_copies() == []
    assert ledger.untrue() == []


def describe(fault: str, ledger: Ledger, seconds: float) -> Row:
    return Row(
        fault=fault,
        planned=len(ledger.prompts),
        handed=sum(len(ids) for copies in ledger.copies.values() for ids in copies.values()),
        twice=len(ledger.twice()),
        mail_again=sum(len(ids) - 1 for ids in ledger.copies["email"].values()),
        lost=len(ledger.lost()),
        delivered=ledger.count(Status.DELIVERED),
        unconfirmed=ledger.count(Status.UNCONFIRMED),
        failed=ledger.count(Status.FAILED),
        person=len(ledger.with_person),
        seconds=seconds,
    )
