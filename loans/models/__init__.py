"""What is owed, what each firm says about it, and what the borrower disputes."""

from loans.models.dispute import Dispute, DisputeFile, DisputeMessage
from loans.models.endpoint import Endpoint, EndpointSecret
from loans.models.loan import Installment, Loan
from loans.models.outward import OutwardDelivery, OutwardEvent
from loans.models.partner import Partner
from loans.models.payment import Payment
from loans.models.position import Position
from loans.models.report import Report
from loans.models.statement import StatementLine

__all__ = [
    "Dispute",
    "DisputeFile",
    "DisputeMessage",
    "Endpoint",
    "EndpointSecret",
    "Installment",
    "Loan",
    "OutwardDelivery",
    "OutwardEvent",
    "Partner",
    "Payment",
    "Position",
    "Report",
    "StatementLine",
]
