"""Finds rows of the record by a number that an agent has before them: of a loan, or whatever else names them whole."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from django.db.models import CharField, F, Model, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate, Upper
from django.db.models.lookups import Exact

from loans.models import Loan
from loans.receipt_numbers import read_receipt_number
from notifications.models import Prompt
from portal.admin.finding import MOST_MEANT

LATELY: Final = 1_000_000
"""So many rows back messages are found by what a provider calls them: no index knows the words of providers, and half a
second is what an agent waits for.
"""
_M = TypeVar("_M", bound=Model)


def find_rows(
    rows: "QuerySet[_M]", typed: str, *, loans: Sequence[str] = (), values: Sequence[str] = (), **also: Any
) -> "QuerySet[_M]":
    """Those of `rows` that are about a loan of the number that was typed, or are called so; all of them if nothing was.

    `loans` are the ways from a row to its loan, `values` the columns that name it; `also` is what holds besides for
    what is found by its loan, and leads to an index.
    """
    typed = typed.strip()
    if not typed:
        return rows
    ways: list[dict[str, Any]] = [{f"{value}__in": _spellings(typed)} for value in values]
    if loans and (ids := _loans(typed)):
        ways += [{f"{way}__in": ids, **also} for way in loans]
    return _any_of(rows, (rows.filter(**way) for way in ways))


def find_prompts(prompts: "QuerySet[Prompt]", typed: str) -> "QuerySet[Prompt]":
    """By the number of a loan that they are about, or by the receipt number of a dispute."""
    if not (typed := typed.strip()):
        return prompts
    ids, number = _loans(typed), read_receipt_number(typed)
    about = prompts.filter(installment__loan__in=ids, payment=None, dispute=None)
    # Those about a payment are found by people alone; a loan that was given over had another borrower.
    people = {*Loan.objects.filter(pk__in=ids).values_list("borrower_id", flat=True)}
    people |= {*about.order_by().values_list("borrower_id", flat=True).distinct()}
    others = prompts.filter(borrower__in=people)
    ways = [about, others.filter(payment__loan__in=ids), others.filter(dispute__loan__in=ids)] if ids else []
    return _any_of(prompts, [*ways, *([prompts.filter(dispute__receipt_number=number)] if number else [])])


def find_lately(rows: "QuerySet[_M]", typed: str) -> "QuerySet[_M]":
    """Of the latest messages or receipts, those that their provider calls so, in whatever letters; all of them if
    nothing was typed.
    """
    if not (typed := typed.strip()):
        return rows
    last = rows.model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0
    named = Exact(_in_capitals(F("provider_reference")), _in_capitals(Value(typed, output_field=CharField())))
    return rows.filter(named, pk__gt=last - LATELY)


def _in_capitals(words: Combinable) -> Upper:
    """By the letters of ASCII alone, as references are written: in another collation a million cost twice as much."""
    return Upper(Collate(words, "C"))


def _loans(typed: str) -> list[int]:
    return list(Loan.objects.filter(external_id__iexact=typed).values_list("pk", flat=True))


def _spellings(typed: str) -> list[str]:
    """An index knows a reference as it was written; who types one may not."""
    return sorted({typed, typed.upper(), typed.lower()})


def _any_of(rows: "QuerySet[_M]", ways: "Iterable[QuerySet[_M]]") -> "QuerySet[_M]":
    """Each way is a query of its own that an index answers; joined by OR they would be one that none does. They are
    asked first: the database cannot know how few they find, and would read all rows in the order of the list.
    """
    found = [way.order_by("-pk").select_related(None).values_list("pk", flat=True)[:MOST_MEANT] for way in ways]
    return rows.filter(pk__in={pk for way in found for pk in way})
