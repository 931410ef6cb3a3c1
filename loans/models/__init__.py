"""What is owed, what each firm says about it, and what the borrower disputes."""

from loans.models.dispute import Dispute, DisputeFile, DisputeMessage
from loans.models.loan import Installment, Loan
from loans.models.part import PaymentPart
from loans.models.partner import Partner
from loans.models.payment import Payment
from loans.models.position import Position
from loans.models.report import Report
from loans.models.statement import StatementLine
from loans.models.word import LoanWord, PaymentWord, WaitingRecord

__all__ = [
    "Dispute",
    "DisputeFile",
    "DisputeMessage",
    "Installment",
    "Loan",
    "LoanWord",
    "Partner",
    "Payment",
    "PaymentPart",
    "PaymentWord",
    "Position",
    "Report",
    "StatementLine",
    "WaitingRecord",
]
