"""Declares and ends outages, and keeps the list of the installments that each of them touches.

The list is what holds demands: whoever plans, claims or gives notice asks it, and it stays after the outage.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from accounts.models import User
from accounts.models.user import zone_of
from loans import signals
from loans.models import Outage, OutageHold, Partner

LONGEST: Final = timedelta(days=31)
"""From its start to its end, and from its start until somebody says so: what is longer is a wrong year."""
FURTHEST: Final = timedelta(days=366)
"""From when somebody says so to its start."""
_FITS: Final = """
%(partner)s IN (loan.bank_id, loan.platform_id)
AND (%(counterpart)s::bigint IS NULL OR %(counterpart)s IN (loan.bank_id, loan.platform_id))
AND %(product)s IN ('', loan.product) AND %(currency)s IN ('', loan.currency)
"""
PIECE: Final = 20_000
"""So many installments are listed in one transaction, and what else the borrower of the last one has in it: what is due
together is told together."""
# Which days an outage covers is told by each borrower's own calendar.
_TOUCH: Final = f"""
WITH touched AS MATERIALIZED (
    SELECT found.*
    FROM (
        SELECT installment.id, loan.borrower_id
        FROM loans_installment AS installment
        JOIN loans_loan AS loan ON loan.id = installment.loan_id AND {_FITS}
        JOIN accounts_user AS person ON person.id = loan.borrower_id
        JOIN unnest(%(zones)s::text[], %(firsts)s::date[], %(lasts)s::date[]) AS place (zone, first, last)
          ON place.zone = person.time_zone AND installment.due_on BETWEEN place.first AND place.last
        WHERE installment.state = 'open' AND installment.due_on BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT installment.id, loan.borrower_id
        FROM loans_installment AS installment
        JOIN loans_loan AS loan ON loan.id = installment.loan_id AND {_FITS}
        WHERE installment.state = 'awaiting_bank' AND %(started)s) AS found
    WHERE NOT EXISTS (SELECT 1 FROM loans_outagehold WHERE outage_id = %(outage)s AND installment_id = found.id))
INSERT INTO loans_outagehold (outage_id, installment_id, since, held_until)
SELECT %(outage)s, touched.id, %(now)s, %(held_until)s
FROM touched
WHERE touched.borrower_id <= (
    SELECT max(piece.borrower_id)
    FROM (SELECT borrower_id FROM touched ORDER BY borrower_id LIMIT %(at_most)s::bigint) AS piece)
ORDER BY touched.id
ON CONFLICT DO NOTHING
RETURNING installment_id
"""  # noqa: S608  (nothing of it comes from outside)


# No two outages are extended at once: each sees whom the other has told.
_TURN: Final = 0x0A7A6E


class OutageDoubt(StrEnum):
    """Why an outage cannot have been meant as it is said."""

    BEGAN_LONG_AGO = "began_long_ago"
    BEGINS_FAR_AHEAD = "begins_far_ahead"
    TOO_LONG = "too_long"


def doubt_outage(starts_at: datetime, ends_at: datetime | None, *, said_at: datetime) -> OutageDoubt | None:
    """Whether these times are a slip. One without an end lasts until it is said at least; times are aware."""
    if said_at - starts_at > LONGEST:
        return OutageDoubt.BEGAN_LONG_AGO
    if starts_at - said_at > FURTHEST:
        return OutageDoubt.BEGINS_FAR_AHEAD
    return OutageDoubt.TOO_LONG if ends_at and ends_at - starts_at > LONGEST else None


class OverAlreadyError(Exception):
    """The outage was over before. Nothing was changed."""


@transaction.atomic
def declare_outage(
    partner: Partner,
    *,
    starts_at: datetime,
    now: datetime,
    reason: str,
    ends_at: datetime | None = None,
    counterpart: Partner | None = None,
    product: str = "",
    currency: str = "",
    grace_hours: int = 24,
    reference: str = "",
    by: User | None = None,
    touch: bool = True,
) -> Outage:
    """Hold what the outage touches, and tell the floors above. Times are UTC; without `ends_at` it lasts until ended.

    `reference` is the partner's own number of it: declared twice, it is one outage, as it was said first. Only a piece
    is listed here, and without `touch` nothing: the rest is left to `extend_outages`, since a whole bank takes longer
    than anybody waits. Raises ValueError without a reason, and for an end before the start.
    """
    if not reason.strip():
        raise ValueError("An outage needs a reason: who reads of it later must know why nothing was demanded.")
    if ends_at is not None and ends_at < starts_at:
        raise ValueError("An outage ends after it starts.")
    said = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "counterpart": counterpart,
        "product": product.strip()[:120],
        "currency": currency,
        "grace_hours": grace_hours,
        "reason": reason.strip()[:200],
        "declared_at": now,
        "declared_by": by,
    }
    if not reference:
        outage = Outage.objects.create(partner=partner, **said)
    else:
        outage, new = Outage.objects.get_or_create(partner=partner, reference=reference[:64], defaults=said)
        if not new:
            return outage
    if touch:
        _touch(outage, now, at_most=PIECE)
    return outage


@transaction.atomic
def end_outage(outage_id: int, *, now: datetime, by: User | None = None) -> Outage:
    """It is over, or will not be. Those whom it touched have its hours of grace left from now on.

    Raises OverAlreadyError where it has ended before, and Outage.DoesNotExist.
    """
    _take_turns()
    running = Outage.objects.not_over(now).filter(pk=outage_id)
    if not running.update(ends_at=Greatest(F("starts_at"), now), ended_by=by):
        raise OverAlreadyError(f"Outage {Outage.objects.get(pk=outage_id).pk} is over.")
    outage = Outage.objects.get(pk=outage_id)
    begun = outage.starts_at <= now
    if begun:
        _touch(outage, now)
    until = outage.held_until if begun else now
    OutageHold.objects.filter(Q(held_until=None) | Q(held_until__gt=until), outage=outage).update(held_until=until)
    return outage


def outage_of(partner: Partner, reference: str) -> Outage:
    """The outage that `partner` knows by this number. Raises Outage.DoesNotExist."""
    return Outage.objects.get(partner=partner, reference=reference)


def extend_outages(now: datetime) -> int:
    """See what the outages that hold anything touch by now, a piece of each; returns how many installments are new on
    their lists. To be repeated until there are none.
    """
    holding = list(Outage.objects.to_extend(now).order_by("pk").values_list("pk", flat=True))
    return sum(_extend(pk, now) for pk in holding)


@transaction.atomic
def _extend(outage_id: int, now: datetime) -> int:
    """Nothing where somebody is at it: a sweep that waited would keep its worker from everything else."""
    if not _has_turn():
        return 0
    these = Outage.objects.to_extend(now).filter(pk=outage_id)
    return sum(_touch(outage, now, at_most=PIECE) for outage in these)


def _has_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_TURN])
        return bool(cursor.fetchone()[0])


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])


def fits_a_loan(outage: Outage) -> bool:
    """Whether there is any loan now that it is about, on whatever day: not so where firms or product are mistyped."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM loans_loan AS loan WHERE {_FITS})", _scope(outage))  # noqa: S608
        return bool(cursor.fetchone()[0])


def _scope(outage: Outage) -> dict[str, Any]:
    """Whom it touches: empty, or None, fits all."""
    return {
        "partner": outage.partner_id,
        "counterpart": outage.counterpart_id,
        "product": outage.product,
        "currency": outage.currency,
    }


def _touch(outage: Outage, now: datetime, *, at_most: int | None = None) -> int:
    """List what it touches by now, all of it where not `at_most` so many."""
    _take_turns()
    zones = _zones()
    last_moment = max(outage.starts_at, now) if outage.ends_at is None else outage.ends_at
    firsts = [_day(outage.starts_at, zone) for zone in zones.values()]
    lasts = [_day(last_moment, zone) for zone in zones.values()]
    parameters: dict[str, Any] = {
        **_scope(outage),
        "outage": outage.pk,
        "now": now,
        "held_until": outage.held_until,
        "at_most": at_most,
        "started": outage.starts_at <= now,
        "zones": list(zones),
        "firsts": firsts,
        "lasts": lasts,
        "first": min(firsts, default=now.date()),
        "last": max(lasts, default=now.date()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, parameters)
        touched = [row[0] for row in cursor.fetchall()]
    if at_most is None or len(touched) < at_most:
        Outage.objects.filter(pk=outage.pk).update(listed_at=now)
    # What is declared when all of it is over is listed and holds nothing.
    if touched and (outage.held_until is None or outage.held_until > now):
        signals.installments_held.send(sender=None, installment_ids=touched, outage_id=outage.pk)
    return len(touched)


def _zones() -> dict[str, ZoneInfo]:
    names: Iterable[str] = User.objects.order_by().values_list("time_zone", flat=True).distinct()
    return {name: zone_of(name)[0] for name in names}


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()
