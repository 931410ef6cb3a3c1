"""Which firms may stand on the other side of a loan, as they were known when a report of it came.

A report is replayed beside firms that came to be known later: what it left unsaid still means what it meant then.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from loans.intake.records import LoanRecord
from loans.models import Loan, Partner


class Sides(NamedTuple):
    """The bank and the platform of a loan, None where nobody says which. `choice`: there were several to choose from.
    `named`: the report says which bank.
    """

    bank: Partner | None
    platform: Partner | None
    choice: bool
    named: bool = False

    def naming(self, bank: Partner | None) -> "Sides":
        """The same where the report names this bank; None names none."""
        return self._replace(bank=bank, named=True) if bank else self


class Firms:
    """The first two firms of the other kind than `partner`. One query."""

    def __init__(self, partner: Partner) -> None:
        is_bank = partner.kind == Partner.Kind.BANK
        other = Partner.Kind.PLATFORM if is_bank else Partner.Kind.BANK
        self._partner, self._is_bank = partner, is_bank
        self._others = list(Partner.objects.filter(kind=other).order_by("known_since", "pk")[:2])

    def at(self, moment: datetime) -> Sides:
        """The sides of a loan that `partner` reports at this moment; the other one only where there is no choice. The
        first counts as always known: before it there was nothing else that could be meant.
        """
        choice = len(self._others) > 1 and self._others[1].known_since <= moment
        only = self._others[0] if self._others and not choice else None
        return Sides(self._partner, only, choice) if self._is_bank else Sides(only, self._partner, choice)


def loans_of(partner: Partner, banks: Collection[Partner]) -> "QuerySet[Loan]":
    """The loans that reports of `partner` may mean, whose bank is one of these where nothing else is said.

    Numbers are found by bank, and by nothing else: without the banks one number would be looked for among all loans.
    """
    if partner.kind == Partner.Kind.BANK:
        return Loan.objects.filter(bank=partner)
    of_banks = Loan.objects.filter(bank__in=Partner.objects.filter(kind=Partner.Kind.BANK))
    return of_banks.filter(Q(platform=partner) | Q(platform=None) | Q(bank__in=banks))


def meant(record: LoanRecord, loans: Collection[Loan], sides: Sides) -> list[Loan]:
    """Those of the loans with its number that a record may mean; none where it opens one.

    Where there was one bank alone it is that one's; what cannot open a loan waits for whichever bank does. Two banks
    may use one number: a platform's own loan goes before one that nobody sold yet.
    """
    if sides.bank:
        own = [loan for loan in loans if loan.bank_id == sides.bank.pk]
        if own or sides.named or (record.whole and record.borrower):
            return own
    sold_by = (sides.platform.pk if sides.platform else None, None)
    for platform_id in sold_by:
        if fitting := [loan for loan in loans if loan.platform_id == platform_id]:
            return fitting
    return []
