"""Finds rows of the record by a number that an agent has before them: of a loan, or whatever else names them whole."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from loans.models import Loan
from loans.receipt_numbers import read_receipt_number
from notifications.models import Delivery, Prompt, Receipt
from portal.admin.finding import MOST_MEANT

LATELY: Final = timedelta(days=35)
"""How far back messages are found by what a provider calls them: no index knows the words of providers."""
_M = TypeVar("_M", bound=Model)


def find_rows(
    rows: "QuerySet[_M]", typed: str, *, loans: Sequence[str] = (), person: str = "", values: Sequence[str] = ()
) -> "QuerySet[_M]":
    """Those of `rows` that are about a loan of the number that was typed, or are called so; all of them if nothing was.

    `loans` are the ways from a row to its loan, `values` the columns that name it. `person` is the way to its borrower,
    where rows are indexed by people and not by what they are about.
    """
    typed = typed.strip()
    if not typed:
        return rows
    ways: list[dict[str, Any]] = [{f"{value}__in": _spellings(typed)} for value in values]
    if of_loans := list(Loan.objects.filter(external_id__iexact=typed).values_list("pk", "borrower_id")):
        theirs = {f"{person}__in": sorted({borrower for _pk, borrower in of_loans})} if person else {}
        ways += [{f"{way}__in": [pk for pk, _borrower in of_loans], **theirs} for way in loans]
    return _any_of(rows, (rows.filter(**way) for way in ways))


def find_prompts(prompts: "QuerySet[Prompt]", typed: str) -> "QuerySet[Prompt]":
    """By the number of a loan that they are about, or by the receipt number of a dispute."""
    if number := read_receipt_number(typed):
        return prompts.filter(dispute__receipt_number=number)
    ways = ("installment__loan", "payment__loan", "dispute__loan")
    return find_rows(prompts, typed, loans=ways, person="borrower")


def find_deliveries(deliveries: "QuerySet[Delivery]", typed: str) -> "QuerySet[Delivery]":
    """What was handed over `LATELY`, by what its provider calls it."""
    typed = typed.strip()
    if not typed:
        return deliveries
    return deliveries.filter(provider_reference__in=_spellings(typed), sent_at__gte=timezone.now() - LATELY)


def find_receipts(receipts: "QuerySet[Receipt]", typed: str) -> "QuerySet[Receipt]":
    """Those of what was handed over `LATELY`, and of nothing of ours, by what the provider calls the message."""
    typed = typed.strip()
    if not typed:
        return receipts
    named = find_deliveries(Delivery.objects.all(), typed).order_by().values("pk")
    of_nothing = receipts.filter(delivery=None, provider_reference__in=_spellings(typed))
    return _any_of(receipts, (receipts.filter(delivery__in=named), of_nothing))


def _spellings(typed: str) -> list[str]:
    """An index knows a reference as it was written; who types one may not."""
    return sorted({typed, typed.upper(), typed.lower()})


def _any_of(rows: "QuerySet[_M]", ways: "Iterable[QuerySet[_M]]") -> "QuerySet[_M]":
    """Each way is a query of its own that an index answers; joined by OR they would be one that none does. They are
    asked first: the database cannot know how few they find, and would read all rows in the order of the list.
    """
    found = [way.order_by().select_related(None).values_list("pk", flat=True)[:MOST_MEANT] for way in ways]
    return rows.filter(pk__in={pk for way in found for pk in way})
