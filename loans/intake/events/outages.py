"""Takes up what partners say of their outages: once declared, what it touches is held; once ended, its hours of grace
begin.
"""

from collections.abc import Sequence

from loans.intake.events.handlers import Notice, takes_up
from loans.intake.events.incoming import Incoming
from loans.intake.news import News, RefusedError
from loans.intake.records import Code
from loans.models import Outage
from loans.outages import OverAlreadyError, declare_outage, end_outage


@takes_up("outage.declared")
def declare(notices: Sequence[Notice]) -> list[News | RefusedError]:
    """Declared again under its number, an outage stays as it was said first."""
    known = _known(notices)
    answers: list[News | RefusedError] = []
    for event, record in notices:
        reference = record.data["outage"]
        if reference not in known:
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


@takes_up("outage.ended")
def end(notices: Sequence[Notice]) -> list[News | RefusedError]:
    """It is over from the moment at which we heard so: its borrowers get their hours from then on."""
    known = _known(notices)
    return [_end(known.get(record.data["outage"]), event) for event, record in notices]


def _end(outage: Outage | None, event: Incoming) -> News | RefusedError:
    if outage is None:
        return RefusedError("no outage of this number was declared", Code.ORDER)
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
