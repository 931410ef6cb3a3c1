"""Finds borrowers by whatever an agent has before them: a name, a phone, an email, a loan number, or a number
that the borrower was given: of a dispute, or to pay under.

Phones and emails are masked on the desk. So they are found by the whole of them or by what the mask shows: who could
ask for any part of a number would read the rest of it from the answers, digit by digit.
"""

import re
from contextlib import suppress
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from accounts.models import ContactPoint, User
from accounts.phones import normalize_phone
from loans.models import Dispute, Installment, Loan, Payment
from loans.receipt_numbers import read_receipt_number
from notifications.models import AgentTask, Prompt

LEAST_INFIX: Final = 3
"""Shorter words are looked for at the start only: a trigram index knows nothing of them anywhere else."""
SHOWN_DIGITS: Final = 4
"""The last ones of a phone, which its mask shows."""
MOST_MEANT: Final = 1000
"""Of those that one way of reading finds; who typed a word that fits more people has to add another."""
_CALLING_CODES: Final = sorted(COUNTRY_CODE_TO_REGION_CODE)
_NOT_DIGITS: Final = re.compile(r"\D+")
_PHONE: Final = re.compile(r"[\d\s()+./\-–]+")


def find_borrowers(people: "QuerySet[User]", typed: str) -> "QuerySet[User]":
    """Those of `people` that what was typed may mean; all of them if nothing was.

    Each way of reading it is a query of its own that an index answers; joined by OR they would be one that none does.
    """
    typed = " ".join(typed.split())
    if not typed:
        return people
    first, *others = [
        way[:MOST_MEANT]
        for way in (_by_name(typed), _by_loan_number(typed), *_by_receipt(typed), *_by_email(typed), *_by_phone(typed))
    ]
    return people.filter(pk__in=first.union(*others))


def _by_name(typed: str) -> "QuerySet[Any, Any]":
    """All words, in any order."""
    condition = Q()
    for word in typed.split():
        condition &= _like("name", word)
    return User.objects.filter(condition).order_by().values("pk")


def _by_loan_number(typed: str) -> "QuerySet[Any, Any]":
    return Loan.objects.filter(_like("external_id", typed)).order_by().values("borrower_id")


def _by_receipt(typed: str) -> "list[QuerySet[Any, Any]]":
    """What was quoted whole: a dispute's receipt number, the reference of a period, the id of a payment."""
    number = read_receipt_number(typed)
    return [
        Installment.objects.filter(payment_reference=typed).order_by().values("loan__borrower_id"),
        Payment.objects.filter(end_to_end_id=typed).exclude(end_to_end_id="").order_by().values("loan__borrower_id"),
        *([Dispute.objects.filter(receipt_number=number).order_by().values("borrower_id")] if number else []),
    ]


def _like(column: str, word: str) -> Q:
    return Q(**{f"{column}__{'icontains' if len(word) >= LEAST_INFIX else 'istartswith'}": word})


def _by_email(typed: str) -> "list[QuerySet[Any, Any]]":
    """A whole one."""
    if "@" not in typed:
        return []
    email = typed.lower()
    return [User.objects.filter(email=email).order_by().values("pk"), _points(address=email)]


def _by_phone(typed: str) -> "list[QuerySet[Any, Any]]":
    """A whole number, or the digits that are shown of one. Old numbers as well: it is still the same person."""
    digits = _NOT_DIGITS.sub("", typed)
    if not _PHONE.fullmatch(typed) or len(digits) < SHOWN_DIGITS:
        return []
    if len(digits) == SHOWN_DIGITS:
        return [_points(kind=ContactPoint.Kind.PHONE, address__regex=rf"^\+[0-9]{{4,}}{digits}$")]
    whole = _international(typed, digits)
    ways = [User.objects.filter(phone__in=whole).order_by().values("pk"), *[_points(address=form) for form in whole]]
    if typed.startswith(("+", "00")):
        return ways
    return [*ways, *_by_national_number(digits.removeprefix("0"))]


def _international(typed: str, digits: str) -> list[str]:
    """What was typed in E.164: with its country code, whether or not a sign says so, or as a number of ours."""
    forms = {f"+{digits.removeprefix('00')}"}
    if not digits.startswith("00"):
        with suppress(ValidationError):
            forms.add(normalize_phone(typed))
    return sorted(forms)


def _by_national_number(number: str) -> "list[QuerySet[Any, Any]]":
    """In any country. No calling code is the beginning of another, so a part of a number is never taken for one."""
    codes = "|".join(map(str, _CALLING_CODES))
    return [
        User.objects.filter(phone__in=[f"+{code}{number}" for code in _CALLING_CODES]).order_by().values("pk"),
        _points(address__endswith=number, address__regex=rf"^\+({codes}){number}$"),
    ]


def _points(**conditions: str) -> "QuerySet[Any, Any]":
    return ContactPoint.objects.filter(**conditions).order_by().values("user_id")


def find_tasks(tasks: "QuerySet[AgentTask]", number: str) -> "QuerySet[AgentTask]":
    """Those of `tasks` that are about a loan of this number, also where their message names it beside another, or about
    what its borrower wrote. By the borrowers' ids, so that no other tasks are read.
    """
    loans = list(Loan.objects.filter(external_id__iexact=number.strip()).values_list("pk", "borrower_id"))
    ids = [pk for pk, _borrower in loans]
    companions = Prompt.objects.filter(told_with=OuterRef("prompt"), installment__loan__in=ids)
    about = Q(installment__loan__in=ids) | Q(text__isnull=False) | Q(Exists(companions))
    for subject in ("installment", "payment", "dispute"):
        about |= Q(**{f"prompt__{subject}__loan__in": ids})
    return tasks.filter(about, borrower__in={borrower for _pk, borrower in loans})
