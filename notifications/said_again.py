"""What providers say again, word for word. It is answered and kept like the first time, and moves nothing; how often it
comes shows operators a provider that does not hear our answers, or somebody who repeats what they have overheard.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection

from notifications import arrays
from notifications.heard import Heard, Words, letters_of, reference_of, words_of

_SAID_BEFORE: Final = """
SELECT asked.place
FROM unnest(%(places)s::bigint[], %(ids)s::bigint[], %(providers)s::text[], %(references)s::text[], %(kinds)s::text[],
            %(words)s::text[], %(reasons)s::text[], %(occurred)s::timestamptz[])
         AS asked (place, delivery_id, provider, reference, kind, word, reason, occurred_at)
WHERE EXISTS (
    SELECT FROM notifications_receipt AS kept
    WHERE kept.delivery_id = asked.delivery_id AND kept.provider = asked.provider AND kept.kind = asked.kind
      AND kept.provider_reference = asked.reference AND kept.provider_word = asked.word AND kept.reason = asked.reason
      AND kept.occurred_at IS NOT DISTINCT FROM asked.occurred_at)
"""


class _Said(NamedTuple):
    delivery_id: int
    provider: str
    reference: str
    words: Words


def said_again(heard: Sequence[Heard], moved: Set[int]) -> Counter[str]:
    """By provider, how many of these messages say nothing that it had not said before, here or in what is kept; asked
    before they are kept themselves. Where all of them have moved something, nothing is asked.

    A message that names no delivery of ours says nothing of any, however often it comes.
    """
    unmoved = {place for place, one in enumerate(heard) if place not in moved and one.delivery_id}
    if not unmoved:
        return Counter()
    said = {place: _said(one) for place, one in enumerate(heard) if one.delivery_id}
    first: dict[_Said, int] = {}
    for place, what in said.items():
        first.setdefault(what, place)
    again = {place for place in unmoved if first[said[place]] < place}
    again |= _kept({place: said[place] for place in unmoved - again})
    news = {one.letter.callback_id for place, one in enumerate(heard) if place not in again}
    return Counter(one.provider for one in letters_of(heard) if one.callback_id not in news)


def _said(one: Heard) -> _Said:
    return _Said(one.delivery_id or 0, one.letter.provider, reference_of(one), words_of(one))


def _kept(said: Mapping[int, _Said]) -> set[int]:
    """The places of those that a receipt says already."""
    if not said:
        return set()
    kinds, words, reasons, occurred = zip(*(one.words for one in said.values()), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            _SAID_BEFORE,
            {
                "places": arrays.numbers(said),
                "ids": arrays.numbers(one.delivery_id for one in said.values()),
                "providers": arrays.texts(one.provider for one in said.values()),
                "references": arrays.texts(one.reference for one in said.values()),
                "kinds": arrays.texts(kinds),
                "words": arrays.texts(words),
                "reasons": arrays.texts(reasons),
                "occurred": arrays.texts(_written(at) for at in occurred),
            },
        )
        return {place for (place,) in cursor.fetchall()}


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
