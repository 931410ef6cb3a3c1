"""How much a partner may push in a minute."""

import logging
from functools import cache
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
log = logging.getLogger(__name__)


class EventsAMinute(BaseThrottle):
    """Lets a request in while the partner's minute is not used up; its events are counted when they have been read.

    The counters are in Redis. Without it everybody is let in: a broken counter must not stop what partners tell.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        caller = caller_of(request)
        used = count(caller.partner, 1)
        return used is None or used <= caller.partner.events_per_minute

    def wait(self) -> float:
        return _WINDOW - timezone.now().timestamp() % _WINDOW


class QueriesAMinute(BaseThrottle):
    """Lets a partner ask PARTNER_QUERIES_A_MINUTE times a minute, with all of its clients together."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        used = count_minute(f"queries-a-minute:{caller_of(request).partner.pk}", 1)
        return used is None or used <= settings.PARTNER_QUERIES_A_MINUTE

    def wait(self) -> float:
        return _WINDOW - timezone.now().timestamp() % _WINDOW


class TokensAMinute(BaseThrottle):
    """Lets one address ask for PARTNER_TOKENS_A_MINUTE tokens: a wrong secret costs us as much time as a right one."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        used = count_minute(f"tokens-a-minute:{get_adapter().get_client_ip(request._request)}", 1)
        return used is None or used <= settings.PARTNER_TOKENS_A_MINUTE

    def wait(self) -> float:
        return _WINDOW - timezone.now().timestamp() % _WINDOW


def count(partner: Partner, events: int) -> int | None:
    """Count `events` more in this minute; returns how many there were in it, None where Redis does not answer."""
    return count_minute(f"events-a-minute:{partner.pk}", events)


def count_minute(name: str, events: int) -> int | None:
    """Count `events` more under this name in this minute; returns how many there were, None where Redis is away."""
    key = f"{name}:{int(timezone.now().timestamp()) // _WINDOW}"
    try:
        with _redis(settings.REDIS_URL).pipeline(transaction=False) as together:
            together.incrby(key, events)
            together.expire(key, 2 * _WINDOW)
            used: int = together.execute()[0]
    except (RedisError, OSError, ValueError) as error:  # ValueError: a connection that timed out while it was made
        log.warning("A rate is not watched, %s: Redis fails (%s)", name, type(error).__name__)
        return None
    return used


@cache
def _redis(url: str) -> Redis:
    """A client of its own: the cache framework's takes three round trips to count, and every request pays them."""
    return Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)
