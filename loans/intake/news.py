"""What one applied record changed, and the signals that tell the floors above."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from loans import signals
from loans.intake.records import Code


class RefusedError(Exception):
    """A record that reads well and cannot be applied; nothing of it stays."""

    def __init__(self, reason: str, code: Code) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that is kept as it is and has no effect; `code` is one of docs/partners.md."""

    reason: str
    code: str


@dataclass(slots=True)
class News:
    """Ids of what changed. `touched`: something was written that no one above need hear of. `counted`: the summary
    counts the record.

    `given_over` are loans that have another borrower now. `unmatched` counts lines that no installment takes;
    `waits_for` is what is not known of that the record needs. `doubts`: it speaks of a payment that cannot be true.
    `remarks` say what was not taken as it came; they hold no personal data. `for_desk` are those that tell what we know
    from others, which whoever sent the record must not learn.
    """

    given_over: set[int] = field(default_factory=set)
    installments: set[int] = field(default_factory=set)
    payments_received: list[int] = field(default_factory=list)
    payments_settled: list[int] = field(default_factory=list)
    payments_returned: list[int] = field(default_factory=list)
    unmatched: int = 0
    waits_for: Code | None = None
    touched: bool = False
    counted: bool = True
    doubts: Code | None = None
    remarks: list[str] = field(default_factory=list)
    for_desk: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, parts: Iterable["News"]) -> "News":
        """All of it together, to be told at once."""
        whole = cls()
        for part in parts:
            whole._join(part)
        return whole

    def take(self, other: "News") -> None:
        """This record also did what `other` tells."""
        self._join(other)
        self.touched |= other.touched
        self.remarks += other.remarks
        self.for_desk += other.for_desk

    def _join(self, later: "News") -> None:
        """A payment that came and went at once is told as returned alone; one that went and came, as come alone."""
        went, came = set(later.payments_returned), {*later.payments_received, *later.payments_settled}
        self.given_over |= later.given_over
        self.installments |= later.installments
        self.payments_received = [pk for pk in self.payments_received if pk not in went] + later.payments_received
        self.payments_settled = [pk for pk in self.payments_settled if pk not in went] + later.payments_settled
        self.payments_returned = [pk for pk in self.payments_returned if pk not in came] + later.payments_returned

    @property
    def anything(self) -> bool:
        return bool(
            self.given_over
            or self.installments
            or self.payments_received
            or self.payments_settled
            or self.payments_returned
            or self.touched
        )

    def send(self) -> None:
        """Tell the floors above, within the transaction that made the changes."""
        if self.given_over:
            signals.loans_given_over.send(sender=None, loan_ids=sorted(self.given_over))
        if self.installments:
            signals.installments_changed.send(sender=None, installment_ids=sorted(self.installments))
        if self.payments_received:
            signals.payments_received.send(sender=None, payment_ids=self.payments_received)
        if self.payments_settled:
            signals.payments_settled.send(sender=None, payment_ids=self.payments_settled)
        if self.payments_returned:
            signals.payments_returned.send(sender=None, payment_ids=self.payments_returned)
