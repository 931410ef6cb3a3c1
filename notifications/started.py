""" "START" by SMS: they want our messages again, and say so from the number that they go to.

A person's own word is the consent that 47 CFR 64.1200(a)(1) asks for, and carriers take START for it (CTIA, Messaging
Principles and Best Practices, of consumers' opt-in). It is their own where the number is
theirs for all we know, or where the "stop" that it takes back came from there: who has a number that a firm named
wrongly must not switch on what the borrower switched off elsewhere. It brings back text messages alone: nobody asked
for a machine's calls.
"""

from datetime import datetime
from typing import Final

from accounts.models import Consent, User
from notifications.models import Delivery
from notifications.number_replaced import is_known_as_theirs
from notifications.preferences import is_on, set_channel
from notifications.replies import normalize

SMS: Final = Delivery.Channel.SMS
LETS_THROUGH: Final = {"twilio": frozenset({"start", "unstop"})}
"""Providers that hold messages back by themselves after a "stop", with the only words on which they let them through
again, which they confirm: help.twilio.com, "Twilio support for opt-out keywords"."""


def is_heard(provider: str, text: str) -> bool:
    """Whether messages go through again after this word, as far as the provider is concerned."""
    return provider not in LETS_THROUGH or normalize(text) in LETS_THROUGH[provider]


def start(user: User, address: str, *, now: datetime) -> bool | None:
    """Switch SMS on by their word from this number; False where it was on, None where the word may be another's."""
    if is_on(user, SMS):
        return False
    last = Consent.objects.filter(user=user, channel=SMS).first()
    took_back = last is not None and not last.given and last.address == address
    if not took_back and not is_known_as_theirs(user.pk, address):
        return None
    return set_channel(user, SMS, enabled=True, now=now, source=Consent.Source.REPLY, address=address)
