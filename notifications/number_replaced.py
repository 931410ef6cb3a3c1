"""A firm names another phone: does a "no more" that came from the one before still hold?

It is the word of whoever has that number (47 CFR 64.1200(a)(10) lets the called party revoke). Where a firm had named a
wrong one, that is a stranger, and the borrower, who said nothing, would be told by a person alone for ever after. What
they said elsewhere, or from a number that they had proved or from which they had said "I know", is their own.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Q

from accounts.models import Consent, ContactPoint, User
from notifications.events import record
from notifications.models import Acknowledgement, NoticeEvent, Preference
from notifications.preferences import MACHINES

ANOTHERS: Final = 'the "stop" came from a number that their firm has replaced'
THEIRS: Final = 'the "stop" came from the number that their firm names again'


def follow_numbers(user_ids: Collection[int], *, now: datetime) -> None:
    """Switch machines on for those of these people, whose phones are new, of whom the last word came from the phone of
    somebody else; and off where it came from the very phone that is theirs again.

    To be called within the transaction that has these people locked.
    """
    words = Consent.objects.filter(user__in=user_ids, channel__in=MACHINES).order_by("user_id", "channel", "-pk")
    from_numbers = [word for word in words.distinct("user_id", "channel") if word.address and not word.given]
    if not from_numbers:
        return
    live = ContactPoint.objects.live().filter(user__in=user_ids, kind=ContactPoint.Kind.PHONE)
    phones = dict(live.values_list("user_id", "address"))
    for word in from_numbers:
        phone = phones.get(word.user_id)
        if phone == word.address:
            _switch(word, on=False, why=THEIRS, now=now)
        elif phone and not is_known_as_theirs(word.user_id, word.address):
            _switch(word, on=True, why=ANOTHERS, now=now)


def is_known_as_theirs(user_id: int, address: str) -> bool:
    """Whether the borrower had shown that they read what goes to this number."""
    proved = Q(contact_points__address=address, contact_points__verified_at__isnull=False)
    signs_in = Q(phone=address, phone_verified=True)
    known = Acknowledgement.objects.filter(borrower=user_id, delivery__address=address)
    return User.objects.filter(proved | signs_in, pk=user_id).exists() or known.exists()


def _switch(word: Consent, *, on: bool, why: str, now: datetime) -> None:
    """No word of theirs is kept, for they said nothing: only the record says why."""
    other = Preference.objects.filter(user=word.user_id, channel=word.channel, enabled=not on)
    if other.update(enabled=on, changed_at=now):
        kind = NoticeEvent.Kind.PREFERENCE
        record(kind, borrower_id=word.user_id, at=now, channel=word.channel, enabled=on, why=why)
