"""How much a partner may push in a minute."""

import logging
from typing import Final

from django.core.cache import cache
from django.utils import timezone
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

    The counters are in the cache. Without it everybody is let in: a broken counter must not stop what partners tell.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        caller = caller_of(request)
        used = count(caller.partner, 1)
        return used is None or used <= caller.partner.events_per_minute

    def wait(self) -> float:
        return _WINDOW - timezone.now().timestamp() % _WINDOW


def count(partner: Partner, events: int) -> int | None:
    """Count `events` more in this minute; returns how many there were in it, None where the cache does not answer."""
    key = f"events-a-minute:{partner.pk}:{int(timezone.now().timestamp()) // _WINDOW}"
    try:
        if cache.add(key, events, timeout=2 * _WINDOW):
            return events
        return cache.incr(key, events)
    except (RedisError, OSError, ValueError) as error:
        log.warning("The rate of partner %s is not watched: the cache fails (%s)", partner.pk, type(error).__name__)
        return None
