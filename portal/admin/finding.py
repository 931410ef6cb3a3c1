"""Finds borrowers by whatever an agent has before them: a name, a phone, an email, a loan number, or a number
that the borrower was given: of a dispute, or to pay under.
"""

import re
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from accounts.models import ContactPoint, User
from accounts.phones import normalize_phone
from loans.models import Dispute, Installment, Loan, Payment
from loans.receipt_numbers import read_receipt_number

LEAST_INFIX: Final = 3
"""Shorter words are looked for at the start only: a trigram index knows nothing of them anywhere else."""
LEAST_DIGITS: Final = 4
MOST_MEANT: Final = 1000
"""Of those that one way of reading finds; who typed a word that fits more people has to add another."""
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
    if "@" not in typed:
        return []
    email = typed.lower()
    return [
        User.objects.filter(email__startswith=email).order_by().values("pk"),
        ContactPoint.objects.filter(address__contains=email).order_by().values("user_id"),
    ]


def _by_phone(typed: str) -> "list[QuerySet[Any, Any]]":
    """Old numbers as well: who calls from one is still the same person."""
    digits = _NOT_DIGITS.sub("", typed)
    if len(digits) < LEAST_DIGITS or not _PHONE.fullmatch(typed):
        return []
    return [
        User.objects.filter(phone__startswith=f"+{digits}").order_by().values("pk"),
        *[ContactPoint.objects.filter(address__contains=form).order_by().values("user_id") for form in _forms(typed)],
        *[User.objects.filter(phone=form).order_by().values("pk") for form in _forms(typed) if form.startswith("+")],
    ]


def _forms(typed: str) -> list[str]:
    """The number in E.164 where it is a whole one, and its digits as typed, without what is dialled before them."""
    digits = _NOT_DIGITS.sub("", typed)
    bare = digits.removeprefix("00") if digits.startswith("00") else digits.removeprefix("0")
    try:
        return [normalize_phone(f"+{bare}" if digits.startswith("00") else typed), bare]
    except ValidationError:
        return [bare]
