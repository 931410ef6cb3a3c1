"""What is owed, what each firm says about it, and what the borrower disputes."""

from loans.models.dispute import Dispute, DisputeFile, DisputeMessage
from loans.models.endpoint import Endpoint, EndpointSecret
from loans.models.event import Event
from loans.models.loan import Installment, Loan
from loans.models.outward import OutwardDelivery, OutwardEvent
from loans.models.partner import Partner
from loans.models.partner_client import PartnerClient, StoredReply
from loans.models.partner_key import PartnerKey
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
    "Event",
    "Installment",
    "Loan",
    "OutwardDelivery",
    "OutwardEvent",
    "Partner",
    "PartnerClient",
    "PartnerKey",
    "Payment",
    "Position",
    "Report",
    "StatementLine",
    "StoredReply",
]
