"""What is owed, what each firm says about it, and what the borrower disputes."""

from loans.models.difference import Difference, Discrepancy, DiscrepancyEntry
from loans.models.dispute import Dispute, DisputeFile, DisputeMessage
from loans.models.endpoint import Endpoint, EndpointSecret
from loans.models.event import Event
from loans.models.feed import Feed
from loans.models.file_key import FileKey
from loans.models.loan import Installment, Loan
from loans.models.outage import Outage, OutageHold
from loans.models.outward import OutwardDelivery, OutwardEvent
from loans.models.part import PaymentPart
from loans.models.partner import Partner
from loans.models.partner_client import PartnerClient, StoredReply
from loans.models.partner_key import PartnerKey
from loans.models.payment import Payment
from loans.models.payment_status import PaymentStatus
from loans.models.position import Position, PositionChange
from loans.models.refusal_run import RefusalRun
from loans.models.report import Report
from loans.models.report_part import ReportPart
from loans.models.statement import StatementLine
from loans.models.statement_head import Statement
from loans.models.word import LoanWord, PaymentWord, WaitingRecord

__all__ = [
    "Difference",
    "Discrepancy",
    "DiscrepancyEntry",
    "Dispute",
    "DisputeFile",
    "DisputeMessage",
    "Endpoint",
    "EndpointSecret",
    "Event",
    "Feed",
    "FileKey",
    "Installment",
    "Loan",
    "LoanWord",
    "Outage",
    "OutageHold",
    "OutwardDelivery",
    "OutwardEvent",
    "Partner",
    "PartnerClient",
    "PartnerKey",
    "Payment",
    "PaymentPart",
    "PaymentStatus",
    "PaymentWord",
    "Position",
    "PositionChange",
    "RefusalRun",
    "Report",
    "ReportPart",
    "Statement",
    "StatementLine",
    "StoredReply",
    "WaitingRecord",
]
