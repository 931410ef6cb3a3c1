"""Messages in the portal that differ in nothing but whose they are: one of each sort is worded, and the database writes
the others from it.

Of a day's reminders most say the same: firms, day, how to pay, language. What is one borrower's own in them are four
facts, and those the database puts in place itself. All that needs a second look (several installments, figures that
changed, a part that is paid, a payment on its way, a day that may be over, a fact that nobody knows) is worded one by
one, as everywhere else.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from loans.money import minor_digits
from notifications.arrays import numbers, texts
from notifications.claiming import Line
from notifications.composing import Worded, word
from notifications.events import RECORD_SENT, sent_by
from notifications.kept_words import keep_words
from notifications.models import Delivery, Prompt
from notifications.passed_by import may_be_off_its_day
from notifications.prepared import prepared_cursor
from notifications.tellings import Telling, among
from notifications.timing import local_day

MOST: Final = 100
"""Sorts that are kept: each message is compared with them in turn."""
PROVIDER: Final = "portal"
_KINDS: Final = frozenset({Prompt.Kind.UPCOMING, Prompt.Kind.OVERDUE})
_OWN: Final = ("borrower_name", "loan_label", "amount", "payment_reference")
"""The facts that are one borrower's own. Of these only the amount stands where a wording cannot do without it."""

_RARE: Final = ("items", "on_way", "paid_then")
"""What few say, and of figures of their own."""

# What a sort is called: all that its shared facts and its wording depend on. Two that are called the same say the same.
_SORT: Final = """concat_ws('|', next.kind, next.stage, borrower.locale, borrower.time_zone, borrower.jurisdiction,
                            loan.bank_id, COALESCE(loan.platform_id, 0), loan.currency, next.due_on)"""
LIES_THERE: Final = """
status = 'sent', reason = '', attempts = attempts + 1, claimed_at = %(now)s, handed_at = %(now)s,
sent_at = COALESCE(delivery.sent_at, %(now)s), provider = %(provider)s"""
"""What an UPDATE of deliveries sets when their messages lie in the portal, beside what they say."""
# OFFSET 0 keeps people and loans from being looked up once a sort. By NOT EXISTS, what is left is looked for row by row
# as long as nobody knows how much there is.
_PLACE: Final = f"""
WITH next AS MATERIALIZED ({{next}}), known AS MATERIALIZED (
    SELECT sort, shared::jsonb AS shared, wording, digits
    FROM unnest(%(sorts)s::text[], string_to_array(%(shared)s, E'\\x1e'), %(wordings)s::text[], %(digits)s::int[])
         AS known (sort, shared, wording, digits)
), own AS (
    SELECT next.id, next.borrower_id, next.installment_id, next.outstanding, next.payment_reference, borrower.name,
           btrim(loan.product || ' ··' || right(loan.external_id, 4)) AS loan_label, {_SORT} AS sort
    FROM next
    JOIN accounts_user AS borrower ON borrower.id = next.borrower_id
    JOIN loans_loan AS loan ON loan.id = next.loan_id
    WHERE next.version = 1 AND next.already_paid = 0
      AND next.payment_reference <> '' AND borrower.name <> '' AND loan.product <> ''
      AND NOT EXISTS (SELECT FROM notifications_prompt AS companion WHERE companion.told_with_id = next.prompt_id)
      AND NOT EXISTS (SELECT FROM loans_paymentpart AS part WHERE part.installment_id = next.installment_id)
    OFFSET 0
), moved AS (
    UPDATE notifications_delivery AS delivery
    SET {LIES_THERE}, wording = known.wording,
        facts = known.shared || jsonb_build_object('borrower_name', own.name, 'loan_label', own.loan_label,
                    'amount', own.outstanding::text, 'payment_reference', own.payment_reference)
    FROM own JOIN known USING (sort)
    WHERE delivery.id = own.id AND own.outstanding = trunc(own.outstanding, known.digits)
    RETURNING delivery.id, delivery.prompt_id, own.borrower_id, own.installment_id
), recorded AS ({RECORD_SENT})
SELECT (SELECT count(*) FROM moved), last.id, last.at, telling.*
FROM (SELECT id, next_attempt_at::text AS at FROM next ORDER BY next_attempt_at DESC, id DESC LIMIT 1) AS last
LEFT JOIN ({among("SELECT * FROM next WHERE id NOT IN (SELECT id FROM moved)")}) AS telling
       ON true
"""  # noqa: S608 - our own words
"""Returns how many were placed, the last place in the line that was looked at, and a row for each telling that is left
to be worded: one row without a telling where none is, and none where nothing is next.
"""


@dataclass(frozen=True, slots=True)
class Alike:
    """What a worker has learned on one walk: by sort a telling of it, which is worded anew for each block, since firms
    and days may change meanwhile.
    """

    samples: dict[str, Telling] = field(default_factory=dict)

    def learn(self, worded: Iterable[Worded], tellings: Iterable[Telling], now: datetime) -> None:
        """Take in the sorts of what was worded one by one."""
        said = {one.kept.delivery_id: one.kept.facts for one in worded}
        for telling in tellings:
            sort = _sort_of(telling)
            if sort in self.samples or len(self.samples) == MOST or not _is_plain(telling, now):
                continue
            if telling.delivery_id in said and _shared(said[telling.delivery_id]):
                self.samples[sort] = telling

    def forget(self) -> None:
        """Take it that what follows is little: one by one it costs less."""
        self.samples.clear()

    def place(self, line: Line, *, now: datetime, limit: int) -> tuple[int, list[Telling]]:
        """Place those of the next `limit` in `line` whose sort is known; returns how many they were, and the tellings
        of the others, which nobody else takes until this transaction ends.
        """
        known = self._known(now)
        if not known:
            return 0, line.tellings(now=now, limit=limit)
        keep_words({one.wording for one in known})
        statement, parameters = line.rows(now=now, limit=limit)
        with prepared_cursor() as cursor:
            cursor.execute(_PLACE.replace("{next}", statement), {**parameters, **_columns_of(known, now)})
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        if not rows:
            return 0, line.tellings(now=now, limit=limit)
        placed, last, at = rows[0][:3]
        line.passed(last, at)
        return placed, [Telling._make(row[3:]) for row in rows if row[3] is not None]

    def _known(self, now: datetime) -> list["_Known"]:
        plain = {sort: one for sort, one in self.samples.items() if _is_plain(one, now)}
        sorts = {one.delivery_id: sort for sort, one in plain.items()}
        worded, _not_now = word(list(plain.values()), now=now)
        said = ((one.kept, _shared(one.kept.facts)) for one in worded)
        return [
            _Known(sorts[kept.delivery_id], json.dumps(shared), kept.wording, minor_digits(shared["currency"]))
            for kept, shared in said
            if shared
        ]


class _Known(NamedTuple):
    """A sort, the facts that all of it share, as JSON, the version of its wording, and how fine its amounts may be."""

    sort: str
    shared: str
    wording: str
    digits: int


def _columns_of(known: Sequence[_Known], now: datetime) -> dict[str, Any]:
    sorts, shared, wordings, digits = zip(*known, strict=True)
    return {
        "sorts": texts(sorts),
        "shared": "\x1e".join(shared),
        "wordings": texts(wordings),
        "digits": numbers(digits),
        "provider": PROVIDER,
        "said": sent_by(Delivery.Channel.IN_APP),
        "now": now,
    }


def _sort_of(telling: Telling) -> str:
    """What its sort is called: all that its shared facts and its wording depend on. As _SORT."""
    place = telling.language, telling.time_zone, telling.jurisdiction
    firms = telling.bank_id, telling.platform_id or 0
    return "|".join(map(str, (telling.kind, telling.stage, *place, *firms, telling.currency, telling.due_on)))


def _is_plain(telling: Telling, now: datetime) -> bool:
    """It tells figures for the first time, and is surely of the day that it is: of others another plan could say so."""
    if telling.kind not in _KINDS or telling.version != 1 or telling.due_on is None:
        return False
    return not may_be_off_its_day(telling.kind, telling.stage, telling.due_on, local_day(now, telling.zone))


def _shared(said: str) -> dict[str, Any] | None:
    """What is said to all of a sort; None where this says more of its own than that, or lacks some of it."""
    facts: dict[str, Any] = json.loads(said)
    if not facts.keys().isdisjoint(_RARE) or not all(facts.pop(name, None) for name in _OWN):
        return None
    return facts
