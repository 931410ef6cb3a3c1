"""How much a partner may push in a minute."""

import logging
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Final

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from loans.api.authentication import caller_of
from loans.models import Partner

_WINDOW: Final = 60
_PART: Final = 100
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Share:
    """What this process may still give out of a partner's minute."""

    minute: int
    left: int


_shares: dict[int, _Share] = {}
_giving_out: Final = Lock()


class EventsAMinute(BaseThrottle):
    """Lets a request in while the partner's minute is not used up; its events are counted when they have been read.

    The counters are in Redis. Without it everybody is let in: a broken counter must not stop what partners tell.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        return has_room(caller_of(request).partner)

    def wait(self) -> float:
        return seconds_left()


class QueriesAMinute(BaseThrottle):
    """Lets a partner ask PARTNER_QUERIES_A_MINUTE times a minute, with all of its clients together."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        used = count_minute(f"queries-a-minute:{caller_of(request).partner.pk}", 1)
        return used is None or used <= settings.PARTNER_QUERIES_A_MINUTE

    def wait(self) -> float:
        return seconds_left()


class TokensAMinute(BaseThrottle):
    """Lets one address ask for PARTNER_TOKENS_A_MINUTE tokens: a wrong secret costs us as much time as a right one."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        used = count_minute(f"tokens-a-minute:{get_adapter().get_client_ip(request._request)}", 1)
        return used is None or used <= settings.PARTNER_TOKENS_A_MINUTE

    def wait(self) -> float:
        return seconds_left()


def has_room(partner: Partner) -> bool:
    """Count an event of this minute's; whether it is within what the partner may push in one."""
    return count(partner, 1)


def seconds_left() -> float:
    """Until the next minute's count begins."""
    return _WINDOW - timezone.now().timestamp() % _WINDOW


def count(partner: Partner, events: int) -> bool:
    """Count `events` more in this minute; whether they are within the partner's rate. True where Redis does not answer.

    A hundredth of the rate is taken out of the minute at a time and then given out in this process, so that not every
    message asks Redis. Never more than the rate is let in; what a process has taken and not given out is lost with the
    minute.
    """
    minute = int(timezone.now().timestamp()) // _WINDOW
    with _giving_out:
        share = _shares.get(partner.pk)
        if share and share.minute == minute and share.left >= events:
            share.left -= events
            return True
    taken = max(events, partner.events_per_minute // _PART)
    used = count_minute(f"events-a-minute:{partner.pk}", taken)
    if used is None:
        return True
    within = min(taken, taken - (used - partner.events_per_minute))
    if within < events:
        with _giving_out:  # what is left here would let whole messages in after one that was too much
            _shares.pop(partner.pk, None)
        return False
    with _giving_out:
        share = _shares.get(partner.pk)
        left = share.left if share and share.minute == minute else 0
        _shares[partner.pk] = _Share(minute, left + within - events)
    return True


def count_minute(what: str, number: int) -> int | None:
    """Count `number` more of `what` in this minute; returns its count, None where Redis does not answer."""
    key = f"{what}:{int(timezone.now().timestamp()) // _WINDOW}"
    try:
        with _redis(settings.REDIS_URL).pipeline(transaction=False) as together:
            together.incrby(key, number)
            together.expire(key, 2 * _WINDOW)
            used: int = together.execute()[0]
    # The last two: what redis-py (8.1) makes of a connection that timed out, or was closed, while it was made.
    except (RedisError, OSError, ValueError, AttributeError) as error:
        log.warning("The rate of %s is not watched: Redis fails (%s)", what.partition(":")[0], type(error).__name__)
        return None
    return used


@cache
def _redis(url: str) -> Redis:
    """A client of its own: the cache framework's takes three round trips to count, and every request pays them."""
    return Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
