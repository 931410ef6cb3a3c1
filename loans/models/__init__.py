"""What is owed, what each firm says about it, and what the borrower disputes."""

from loans.models.dispute import Dispute, DisputeFile, DisputeMessage
from loans.models.file_key import FileKey
from loans.models.loan import Installment, Loan
from loans.models.part import PaymentPart
from loans.models.partner import Partner
from loans.models.payment import Payment
from loans.models.payment_status import PaymentStatus
from loans.models.position import Position
from loans.models.report import Report
from loans.models.report_part import ReportPart
from loans.models.statement import StatementLine
from loans.models.statement_head import Statement
from loans.models.word import LoanWord, PaymentWord, WaitingRecord

__all__ = [
    "Dispute",
    "DisputeFile",
    "DisputeMessage",
    "FileKey",
    "Installment",
    "Loan",
    "LoanWord",
    "Partner",
    "Payment",
    "PaymentPart",
    "PaymentStatus",
    "PaymentWord",
    "Position",
    "Report",
    "ReportPart",
    "Statement",
    "StatementLine",
    "WaitingRecord",
]
