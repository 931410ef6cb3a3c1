"""Loans that turn out to be another borrower's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import F

from loans.intake.rewriting import rewrite
from loans.models import Installment

if TYPE_CHECKING:
    from loans.intake.cases import Case


def give_over(cases: Sequence["Case"]) -> None:
    """Save whose these loans are now. Nobody has told them of anything: each installment has a new version, known since
    the bank spoke, so that what was planned for the other is taken back and they are told from the first stage on. What
    the other was told of payments goes with the loan (`signals.loans_given_over`).
    """
    rewrite([case.loan for case in cases], ("borrower",))
    of = {case.loan.pk: case for case in cases}
    for case in cases:
        case.news.given_over.add(case.loan.pk)
    rows = Installment.objects.filter(loan__in=of).exclude(state=Installment.State.WITHDRAWN)
    if cases:
        known_at = max(case.report.received_at for case in cases)
        rows.update(version=F("version") + 1, known_at=known_at)
        for pk, loan_id in rows.values_list("pk", "loan"):
            of[loan_id].news.installments.add(pk)
