"""What workers are woken for. The rows are the queue: a task carries no more than the name of a channel."""

import logging
from collections.abc import Callable
from time import monotonic

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.utils import timezone

from loans import differences, discrepancies, outages
from loans.tasks import LONGEST_RUN, until_done
from notifications import (
    awaiting,
    cancellation,
    clock_watch,
    coverage,
    demanding_after_outages,
    dispatch,
    escalation,
    feeds,
    in_doubt,
    letting_off,
    outage_watch,
    planning,
    queue_watch,
    receipts,
    refusals,
    silence,
    statement_watch,
    supplier_receipts,
    taking_over,
    told_meanwhile,
    unread,
    untold,
    wrongly_marked,
)
from notifications.clock import Clock
from notifications.evidence import sealing
from notifications.nudging import may_be_lost
from notifications.reach import channels_in_use

logger = logging.getLogger(__name__)

NUDGE_EVERY = 10
"""Seconds in which the planner is woken once, whatever an intake commits: each look reads all that is open."""
NUDGE_LIVES = 60
"""Seconds; beat asks for a plan as often, and for senders more often, so an older nudge is of no use."""
_WOKEN, _NEWS = "planner.woken", "planner.news"


@shared_task
def plan() -> int:
    """Plan what has come near or fallen overdue; wakes the senders with each portion of what is new."""
    clock = Clock.at(timezone.now())
    return _run_each(
        lambda: planning.plan_upcoming(clock, wake_senders),
        lambda: planning.plan_overdue(clock, wake_senders),
    )


@shared_task
def plan_news() -> int:
    """Plan what was committed too soon after the last nudge for one of its own."""
    if not cache.delete(_NEWS):
        return 0
    cache.set(_WOKEN, True, timeout=NUDGE_EVERY)
    return plan()


@shared_task
def send(channel: str) -> int:
    """Send what `channel` has to send by now."""
    return dispatch.dispatch(channel, clock=timezone.now, longest=LONGEST_RUN)


@shared_task
def read_callbacks() -> int:
    """Read what providers have reported since."""
    return until_done(lambda: receipts.apply_waiting(now=timezone.now()))


@shared_task
def climb_ladders() -> int:
    """Look at the prompts that firms had to send by now, and then at every ladder whose time has come: that of one whom
    no channel reaches ends with a person at the same moment, and the firm's silence is on record. Wakes the senders.
    """
    looked_at = _run_each(
        lambda: until_done(lambda: taking_over.take_over(timezone.now())),
        lambda: until_done(lambda: escalation.climb(Clock.at(timezone.now()))),
    )
    if looked_at:
        wake_senders()
    return looked_at


@shared_task
def tidy() -> int:
    """Time out missing receipts, free what dead workers left behind, take back what must not be tried again, and pass
    over providers that keep silent.
    """
    clock = Clock.at(timezone.now())
    return _run_each(
        lambda: len(supplier_receipts.pass_over_slow(clock)),
        lambda: silence.time_out(clock),
        lambda: dispatch.rescue(now=clock.now),
        lambda: cancellation.take_back_retries(now=clock.now),
    )


@shared_task
def cover() -> int:
    """See that nobody is forgotten; returns how many alarms are open."""
    return coverage.check_coverage(Clock.at(timezone.now()))


@shared_task
def look_back() -> int:
    """See who fell overdue untold; returns how many are new on record."""
    return untold.look_back(Clock.at(timezone.now()))


@shared_task
def reconcile() -> int:
    """See where firms have differed for too long, what outages touch, who waits for a bank for too long, which tasks
    are over since their message has arrived, which firms are silent or refused, what of theirs lies unread, which
    statements are missing, which outages do not end, what is to be told again after one, which bookings cannot be
    true, what no firm is to demand for them, on which queues nobody works, and which contact points two workers have
    marked that work.
    """
    now = timezone.now()
    return _run_each(
        lambda: differences.follow_waiting(now=now),
        lambda: sum(discrepancies.sweep(now)),
        lambda: until_done(lambda: outages.extend_outages(now)),
        lambda: awaiting.bound_waiting(now),
        lambda: told_meanwhile.close_told(now),
        lambda: feeds.watch_feeds(now),
        lambda: refusals.watch_refusals(now),
        lambda: unread.watch_unread(now),
        lambda: statement_watch.watch_statements(now),
        lambda: outage_watch.watch_outages(now),
        lambda: outage_watch.look_at_what_is_over(now),
        lambda: demanding_after_outages.demand_after_outages(Clock.at(now), wake_senders),
        lambda: in_doubt.watch_doubted(now),
        lambda: letting_off.let_off_doubted(now),
        lambda: queue_watch.watch_queues(now),
        lambda: wrongly_marked.lift_wrong_marks(now),
        clock_watch.forget_gone,
    )


@shared_task
def extend_outages() -> int:
    """Hold what an outage touches that was declared a moment ago, and tell its borrowers."""
    return until_done(lambda: outages.extend_outages(timezone.now()))


@shared_task
def seal() -> int:
    """Seal what has been recorded since, until less than a full helping is left."""
    sealed, limit, started = 0, sealing.LIMIT, monotonic()
    while (count := sealing.seal_events(timezone.now(), limit)) == limit and monotonic() - started < LONGEST_RUN:
        sealed += count
    return sealed + count


def wake_planner() -> None:
    """Nudge the planner; where it was a moment ago, leave word for `plan_news`. What is lost waits for beat's plan."""
    with may_be_lost():
        if cache.add(_WOKEN, True, timeout=NUDGE_EVERY):
            plan.apply_async(expires=NUDGE_LIVES)
        else:
            cache.set(_NEWS, True, timeout=10 * NUDGE_LIVES)


def wake_outages() -> None:
    """See what a new outage touches; a lost nudge costs one beat of `reconcile`."""
    with may_be_lost():
        extend_outages.apply_async(expires=NUDGE_LIVES)


def wake_senders() -> None:
    """Nudge one sender a channel; a lost nudge costs one beat of the sweep."""
    channels = ["in_app", *channels_in_use()]
    with may_be_lost():
        for channel in channels:
            send.apply_async(args=(channel,), queue=channel, expires=NUDGE_LIVES)


def _run_each(*sweeps: Callable[[], int]) -> int:
    """What they return together. A fault in one keeps none behind it waiting; the last one is raised at the end."""
    done, fault = 0, None
    for sweep in sweeps:
        try:
            done += sweep()
        except SoftTimeLimitExceeded:
            raise  # said once: what goes on is killed
        except Exception as error:
            logger.exception("A sweep has failed; those behind it run all the same")
            fault = error
    if fault:
        raise fault
    return done
