"""Whose loans are all of one firm: the people whom its word alone is about."""

from collections.abc import Collection
from functools import partial

from django.contrib.postgres.aggregates import BoolAnd
from django.db.models import Exists, OuterRef, Q

from accounts.register import Firm
from loans.models import Loan, LoanWord, Partner


def as_speaker(firm: Partner) -> Firm:
    """The firm as people are taken from it: who of them has loans, and none but its own? One statement, on the loans as
    saved.

    A loan is of its bank; of its platform as long as the bank has not spoken of it, since any platform may claim a
    loan that none has sold and whose number it knows.
    """
    return Firm(firm.pk, partial(_alone, firm))


def _alone(firm: Partner, user_ids: Collection[int]) -> Collection[int]:
    bank_spoke = Exists(LoanWord.objects.filter(loan=OuterRef("pk"), partner=OuterRef("bank")))
    loans = Loan.objects.filter(borrower__in=user_ids).annotate(bank_spoke=bank_spoke)
    its_own = Q(bank=firm) | Q(platform=firm, bank_spoke=False)
    all_its_own = loans.order_by().values("borrower").annotate(all=BoolAnd(its_own)).filter(all=True)
    return set(all_its_own.values_list("borrower", flat=True))
