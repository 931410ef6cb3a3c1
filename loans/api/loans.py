"""Partners ask for their loans, the installments of these, and what both firms say about them."""

from typing import Any, Final

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from loans.api import problems
from loans.api.answers import InstallmentAnswer, LoanAnswer, PositionAnswer
from loans.api.asked import AskedForInstallments, AskedForLoan, AskedForLoans, AskedForPositions
from loans.api.asking import Cursor, Question
from loans.api.describing import describe_installments, describe_loan, describe_loans, describe_positions
from loans.api.problems import ProblemError
from loans.models import Installment, Loan, Partner, Position

_OF_LOANS: Final = "loans:read"


class Loans(Question):
    scope = _OF_LOANS

    @describe_loans
    def get(self, request: Request) -> Response:
        asked = AskedForLoans.read(request.query_params)
        named = _named(asked, bank="bank__code", platform="platform__code", product="product", currency="currency")
        return Cursor("pk").page(_loans(self.partner()).filter(**named), asked, LoanAnswer)


class OneLoan(Question):
    scope = _OF_LOANS

    @describe_loan
    def get(self, request: Request, number: str) -> Response:
        asked = AskedForLoan.read(request.query_params)
        return Response(LoanAnswer(find_loan(self.partner(), number, asked.get("bank", ""))).data)


class Installments(Question):
    scope = _OF_LOANS

    @describe_installments
    def get(self, request: Request) -> Response:
        asked = AskedForInstallments.read(request.query_params)
        named = _named(
            *(asked,), loan="loan__external_id", bank="loan__bank__code", state="state",
            due_from="due_on__gte", due_to="due_on__lte",
        )  # fmt: skip
        rows = Installment.objects.of_partner(self.partner()).select_related("loan__bank")
        return Cursor("loan_id", "number").page(rows.filter(**named), asked, InstallmentAnswer)


class Positions(Question):
    scope = _OF_LOANS

    @describe_positions
    def get(self, request: Request) -> Response:
        asked = AskedForPositions.read(request.query_params)
        named = _named(
            *(asked,), loan="installment__loan__external_id", bank="installment__loan__bank__code",
            partner="partner__code", status="status",
        )  # fmt: skip
        rows = Position.objects.of_partner(self.partner()).select_related("installment__loan__bank", "partner")
        cursor = Cursor("installment__loan_id", "installment__number", "partner_id")
        return cursor.page(rows.filter(**named), asked, PositionAnswer)


def find_loan(partner: Partner, number: str, bank: str = "") -> Loan:
    """The partner's loan of this number. Raises ProblemError where there is none, or several and no bank is named."""
    found = _loans(partner).filter(external_id=number, **({"bank__code": bank} if bank else {}))
    loans = list(found.order_by("pk")[:2]) if "\0" not in number else []
    if not loans:
        raise ProblemError(problems.NOT_FOUND)
    if len(loans) > 1:
        raise ProblemError(problems.AMBIGUOUS_LOAN)
    return loans[0]


def _loans(partner: Partner) -> "QuerySet[Loan]":
    return Loan.objects.of_partner(partner).with_firms().with_next_payment()


def _named(asked: dict[str, Any], **lookups: str) -> dict[str, Any]:
    """The lookups of those parameters that were given."""
    return {lookup: asked[name] for name, lookup in lookups.items() if name in asked}
