"""One borrower of the demonstration lets a browser show notices: one of the sandbox, which has its own push service."""

import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from notifications.channels.web_push_address import PushAddress
from notifications.models import PushSubscription
from notifications.push_subscriptions import mark_gone, subscribe
from portal.demo.book import write_book
from portal.demo.people import STORIES, Person

PATIENCE: Final = 15.0
"""Seconds: the sandbox starts beside the tables, and is nearly always the first."""
SOON: Final = range(1, 7)
USER_AGENT: Final = "Mozilla/5.0 (Linux; Android 10; K) Chrome/149.0.0.0 Mobile Safari/537.36"


def person_with_browser(today: date) -> Person:
    """The first one without a story of their own who is told something within a day or so."""
    for loan in write_book(today).loans:
        if loan.person not in STORIES and (loan.due_on(loan.paid + 1) - today).days in SOON:
            return loan.person
    raise LookupError("Nobody in the book has a payment coming up.")


def browser_of(person: Person) -> str:
    """Its name in the sandbox."""
    return person.email.partition("@")[0]


def find_browser(today: date, say: Callable[[str], object]) -> PushAddress | None:
    """Where that browser listens now; None without a sandbox, or without a key to push with."""
    if not (settings.SANDBOX_URL and settings.VAPID_PRIVATE_KEY):
        return None
    fields = _read_subscription(f"{settings.SANDBOX_URL}/push/{browser_of(person_with_browser(today))}")
    if fields is None:
        say("The sandbox does not answer: nobody has a browser with notices.")
        return None
    return PushAddress.read(fields["endpoint"], **fields["keys"])


def subscribe_browser(today: date, address: PushAddress) -> None:
    """Its owner lets it show notices; what they subscribed when the sandbox was elsewhere is gone."""
    user, now = User.objects.get(email=person_with_browser(today).email), timezone.now()
    kept = subscribe(user, address, user_agent=USER_AGENT, now=now)
    others = PushSubscription.objects.live().filter(user=user).exclude(pk=kept.pk)
    mark_gone(list(others.values_list("pk", flat=True)), now=now)


def _read_subscription(url: str) -> dict[str, Any] | None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  (the address is a setting)
                fields: dict[str, Any] = json.load(answer)
                return fields
        except (URLError, OSError):
            time.sleep(0.2)
    return None
