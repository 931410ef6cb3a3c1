"""What a bank's line that nothing was matched to could be for: the likeliest installments, with reasons in words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loans.intake.candidates import names_in
from loans.models import Installment, StatementLine

MOST: Final = 6
LIKE: Final = 0.3
"""Similarity of trigrams, 0 to 1, as pg_trgm counts it: below that nothing is alike."""
_MOST_PHRASES: Final = 40
_WORD: Final = re.compile(r"[^\W\d_]+")

# Of each loan that number, borrower or amount speak for: the installment with just this much left, else the next one.
_LIKELY: Final = """
WITH near AS (
    SELECT loan.id, max(similarity(upper(loan.external_id), word)) AS by_number
    FROM unnest(%(words)s::text[]) AS word JOIN loans_loan AS loan ON upper(loan.external_id) %% word
    WHERE loan.bank_id = %(bank)s GROUP BY loan.id ORDER BY by_number DESC, loan.id LIMIT 50),
people AS (
    SELECT person.id, max(similarity(upper(person.name), phrase)) AS by_name
    FROM unnest(%(phrases)s::text[]) AS phrase JOIN accounts_user AS person ON upper(person.name) %% phrase
    GROUP BY person.id ORDER BY by_name DESC, person.id LIMIT 50),
owed AS (
    SELECT row.loan_id AS id FROM loans_installment AS row JOIN loans_loan AS loan ON loan.id = row.loan_id
    WHERE row.state = 'open' AND row.outstanding = %(amount)s AND loan.bank_id = %(bank)s
    ORDER BY row.due_on, row.id LIMIT 50),
able AS (
    SELECT id FROM near UNION SELECT id FROM owed
    UNION SELECT loan.id FROM loans_loan AS loan JOIN people ON people.id = loan.borrower_id
          WHERE loan.bank_id = %(bank)s),
picked AS (
    SELECT DISTINCT ON (row.loan_id) row.id, row.loan_id, row.due_on, row.outstanding = %(amount)s AS same_amount
    FROM loans_installment AS row JOIN able ON able.id = row.loan_id
    WHERE row.state IN ('open', 'awaiting_bank')
    ORDER BY row.loan_id, row.outstanding = %(amount)s DESC, row.due_on, row.number)
SELECT picked.id, COALESCE(near.by_number, 0), COALESCE(people.by_name, 0), picked.same_amount
FROM picked JOIN loans_loan AS loan ON loan.id = picked.loan_id
LEFT JOIN near ON near.id = loan.id LEFT JOIN people ON people.id = loan.borrower_id
WHERE loan.currency = %(currency)s
ORDER BY 3 * COALESCE(near.by_number, 0) + 2 * COALESCE(people.by_name, 0) + 2 * picked.same_amount::int DESC,
         picked.due_on, picked.id
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Guess:
    """An installment that the line may be for, and what speaks for it, the strongest first."""

    installment: Installment
    reasons: tuple[Promise, ...]


def guesses(line: StatementLine) -> list[Guess]:
    """At most MOST, the likeliest first: by likeness of numbers, equality of the amount, likeness of the name."""
    asked: dict[str, Any] = {
        "words": [name.upper() for name in names_in(line) if any(letter.isdigit() for letter in name)],
        "phrases": list(_phrases(line.remittance.upper()))[:_MOST_PHRASES],
        "bank": line.report.partner_id,
        "amount": line.amount,
        "currency": line.currency,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LIKELY, asked)
        found = cursor.fetchall()
    rows = Installment.objects.select_related("loan__borrower").in_bulk([row[0] for row in found])
    return [Guess(rows[pk], _reasons(line, rows[pk], number, name, same)) for pk, number, name, same in found]


def _reasons(
    line: StatementLine, installment: Installment, by_number: float, by_name: float, same_amount: bool
) -> tuple[Promise, ...]:
    less = Decimal(0) < line.amount < installment.outstanding
    said = (
        (by_number >= LIKE, _("the text has a number like that of this loan")),
        (same_amount, _("exactly this much is left to pay")),
        (by_name >= LIKE, _("the text has a name like the borrower's")),
        (less and not same_amount, _("it would be a part of what is left")),
    )
    return tuple(words for holds, words in said if holds)


def _phrases(text: str) -> Iterator[str]:
    """One, two and three words that stand together: a name is one of them."""
    words = _WORD.findall(text)
    for size in (2, 3, 1):
        for place in range(len(words) - size + 1):
            yield " ".join(words[place : place + size])
