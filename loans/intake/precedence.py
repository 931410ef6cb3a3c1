"""Which of two words of one partner holds: the one as of later, whichever arrived first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from loans.models import Report


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """When a word was true, and where two are of one moment, which report came later; its digest makes it total."""

    as_of: datetime
    received_at: datetime
    digest: str

    @property
    def day(self) -> date:
        """Its day in UTC: partners name no zone of their own."""
        return self.as_of.astimezone(UTC).date()


BEFORE_ALL: Final = Moment(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), "")


class Moments:
    """The moments of words that are on record, by as_of and report, and of those of `reports`."""

    def __init__(self, reports: Iterable[Report], report_ids: Iterable[int]) -> None:
        self._reports = {report.pk: (report.received_at, report.digest) for report in reports}
        ids = set(report_ids) - set(self._reports)
        rows = Report.objects.filter(pk__in=ids).values_list("pk", "received_at", "digest") if ids else ()
        self._reports |= {pk: (received_at, digest) for pk, received_at, digest in rows}

    def of(self, as_of: datetime, report_id: int) -> Moment:
        return Moment(as_of, *self._reports[report_id])


def moment_of(report: Report, as_of: datetime | None) -> Moment:
    """The moment of a record in `report`; where the record names none, the report's arrival counts."""
    return Moment(as_of or report.received_at, report.received_at, report.digest)
