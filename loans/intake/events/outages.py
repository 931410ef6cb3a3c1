"""Takes up what partners say of their outages: once declared, what it touches is held; once ended, its hours of grace
begin.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from loans.intake.events.event_types import Data
from loans.intake.events.handlers import Notice, takes_up
from loans.intake.events.incoming import Incoming
from loans.intake.news import Kept, News, RefusedError
from loans.intake.records import Code
from loans.models import Outage
from loans.outages import FURTHEST, LONGEST, OutageDoubt, OverAlreadyError, declare_outage, doubt_outage, end_outage

CLOCKS_DIFFER_BY: Final = timedelta(minutes=5)
_NOTHING_IS_HELD: Final = "it is kept and nothing is held: declare it again with the right moments"
DOUBTS: Final = {
    OutageDoubt.BEGAN_LONG_AGO: Kept(
        f"it began more than {LONGEST.days} days before you said so; {_NOTHING_IS_HELD}", Code.IMPLAUSIBLE_DATE
    ),
    OutageDoubt.BEGINS_FAR_AHEAD: Kept(
        f"it would begin more than {FURTHEST.days} days after you said so; {_NOTHING_IS_HELD}",
        Code.IMPLAUSIBLE_DATE,
    ),
    OutageDoubt.TOO_LONG: Kept(
        f"it would last longer than {LONGEST.days} days; {_NOTHING_IS_HELD}", Code.IMPLAUSIBLE_DATE
    ),
}
NOT_OVER: Final = Kept(
    "ended_at has not come yet: it lasts as was said; report its end when it is over", Code.IMPLAUSIBLE_DATE
)


@takes_up("outage.declared")
def declare(notices: Sequence[Notice]) -> list[News | Kept | RefusedError]:
    """Declared again under its number, an outage stays as it was said first."""
    known = _known(notices)
    answers: list[News | Kept | RefusedError] = []
    for event, record in notices:
        reference = record.data["outage"]
        if reference not in known and (doubt := _doubt(event, record.data)):
            answers.append(DOUBTS[doubt])
        elif reference not in known:
            known[reference] = declare_outage(
                event.report.partner,
                starts_at=record.data["starts_at"],
                ends_at=record.data.get("ends_at"),
                product=record.data.get("product", ""),
                currency=record.data.get("currency", ""),
                reason=record.data["reason"],
                reference=reference,
                now=event.report.received_at,
            )
            answers.append(News(touched=True))
        else:
            answers.append(News())
    return answers


def _doubt(event: Incoming, data: Data) -> OutageDoubt | None:
    """Without an end it has lasted until its report came, whatever moment that names as its own."""
    said_at, ends_at = event.pushed.occurred_at, data.get("ends_at")
    return doubt_outage(
        data["starts_at"], ends_at, said_at=said_at if ends_at else max(said_at, event.report.received_at)
    )


@takes_up("outage.ended")
def end(notices: Sequence[Notice]) -> list[News | Kept | RefusedError]:
    """It is over from the moment at which we heard so: its borrowers get their hours from then on."""
    known = _known(notices)
    return [_end(known.get(record.data["outage"]), event, record.data["ended_at"]) for event, record in notices]


def _end(outage: Outage | None, event: Incoming, ended_at: datetime) -> News | Kept | RefusedError:
    if outage is None:
        return RefusedError("no outage of this number was declared", Code.ORDER)
    if ended_at > event.report.received_at + CLOCKS_DIFFER_BY:
        return NOT_OVER
    try:
        end_outage(outage.pk, now=event.report.received_at)
    except OverAlreadyError:
        return News()
    return News(touched=True)


def _known(notices: Sequence[Notice]) -> dict[str, Outage]:
    """Those of this partner that were declared, by its own numbers."""
    numbers = [record.data["outage"] for _event, record in notices]
    partner = notices[0][0].report.partner
    return {outage.reference: outage for outage in Outage.objects.filter(partner=partner, reference__in=numbers)}
