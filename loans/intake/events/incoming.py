"""An event on its way in, and what became of it."""

from dataclasses import dataclass

from loans.intake.events.reading import Pushed
from loans.intake.news import Kept, News, RefusedError
from loans.models import Event, Report

Status = Event.Status


@dataclass(frozen=True, slots=True, eq=False)
class Incoming:
    """One event and the report that holds it."""

    report: Report
    pushed: Pushed

    @property
    def order(self) -> tuple[object, ...]:
        """Events are applied as they occurred; of one moment, as they came."""
        return self.pushed.occurred_at, self.report.pk, self.pushed.place


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event; `code` and `reason` as in the model."""

    status: Status
    code: str = ""
    reason: str = ""
    news: News | None = None

    @classmethod
    def of(cls, answer: News | Kept | RefusedError) -> "Outcome":
        if isinstance(answer, Kept):
            return cls(Status.KEPT, answer.code, answer.reason)
        if isinstance(answer, RefusedError):
            return cls(Status.REFUSED, answer.code, answer.reason)
        said = "; ".join(answer.remarks)
        if answer.waits_for:
            return cls(Status.WAITING, answer.waits_for, said, answer)
        if answer.doubts and not answer.installments:
            return cls(Status.KEPT, answer.doubts, said, answer)
        return cls(Status.APPLIED if answer.anything else Status.UNCHANGED, reason=said, news=answer)


UNKNOWN_BANK = Outcome(
    Status.REFUSED,
    "unknown_bank",
    "the member bank names no bank that is known here, or another than the sender",
)
KEPT = Outcome(Status.KEPT)
UNKNOWN_LOAN = Outcome(
    Status.WAITING, "unknown_loan", "nobody has told us of this loan yet; it is applied when it comes"
)
