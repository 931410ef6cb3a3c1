"""Hears the silence of partners: an alarm is open while a feed has sent nothing for longer than it may."""

from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models.user import zone_of
from loans.models import Feed, Report
from notifications.alarms import Wrong, keep_alarms
from notifications.models import Alarm
from notifications.timing import at_local, local_day
from notifications.unread import lies_unread
from notifications.working_days import EVERY_DAY, WorkingDays

DETAIL: Final = "This firm has sent nothing for longer than it may: ask it, before its borrowers notice."


def with_last_heard(feeds: "QuerySet[Feed]", now: datetime) -> "QuerySet[Feed]":
    """Each with `heard_at`, when its partner last sent what could be read, None where it never did, and its partner.

    What nobody has read for long is no sign of life.
    """
    sent = Report.objects.filter(partner=OuterRef("partner"), kind=OuterRef("kind"))
    readable = sent.exclude(status=Report.Status.REFUSED).exclude(lies_unread(now)).order_by("-received_at")
    return feeds.annotate(heard_at=Subquery(readable.values("received_at")[:1])).select_related("partner")


def silent_from(feed: Feed) -> datetime:
    """When the silence of `feed`, read with `with_last_heard`, becomes an alarm (UTC)."""
    heard_at: datetime | None = vars(feed)["heard_at"]
    partner = feed.partner
    days = WorkingDays.of(partner.working_days) if partner.working_days else EVERY_DAY
    zone, _known = zone_of(partner.time_zone)
    return after_working_time(heard_at or feed.watched_since, timedelta(hours=feed.every_hours), days, zone)


def after_working_time(start: datetime, span: timedelta, days: WorkingDays, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which `span` of working days has passed since `start`; each of them counts from midnight to
    midnight in `zone`.
    """
    day = local_day(start, zone)
    while True:
        following = day + timedelta(days=1)
        midnight = at_local(following, time(), zone)
        if days.is_working_day(day):
            if start + span <= midnight:
                return start + span
            span -= midnight - start
        start, day = midnight, following


@transaction.atomic
def watch_feeds(now: datetime) -> int:
    """Open an alarm for each feed that is silent for too long and close those of the others; returns how many are."""
    silent = [feed for feed in with_last_heard(Feed.objects.all(), now) if silent_from(feed) <= now]
    keep_alarms(Alarm.Kind.FEED, {_subject(feed): Wrong(DETAIL, _facts(feed)) for feed in silent}, now)
    return len(silent)


def _subject(feed: Feed) -> str:
    return f"feed:{feed.partner.code}:{feed.kind}"


def _facts(feed: Feed) -> dict[str, Any]:
    """Whose feed it is, of what kind, and since when nothing came (ISO 8601, UTC), None where nothing ever did."""
    heard_at: datetime | None = vars(feed)["heard_at"]
    return {
        "feed": feed.pk,
        "firm": feed.partner.name,
        "kind": feed.kind,
        "heard_at": heard_at.isoformat() if heard_at else None,
    }
