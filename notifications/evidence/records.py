"""What a case is about, what is owed and what was acknowledged, as JSON: moments in ISO 8601, UTC; amounts as texts."""

from datetime import UTC, date, datetime
from typing import Any

from loans.models import Position
from notifications.evidence.case import Case
from notifications.evidence.payments import laid, was_for, went_back_at
from notifications.models import Acknowledgement

Json = dict[str, Any]


def case_record(case: Case, now: datetime) -> Json:
    loan = case.loan
    return {
        "made_at": moment(now),
        "removed": {"before": day(case.removed.before), "at": moment(case.removed.at)} if case.removed else None,
        "borrower": {"id": case.borrower.pk, "name": case.borrower.name, "time_zone": case.borrower.zone.key},
        "loan": {"number": loan.external_id, "product": loan.product, "currency": loan.currency},
        "bank": loan.bank.name,
        "platform": loan.platform.name if loan.platform else None,
        "installments": [installment.number for installment in case.installments],
        "disputes": [
            {
                "number": dispute.receipt_number,
                "kind": dispute.kind,
                "opened_at": moment(dispute.opened_at),
                "answer_due_on": day(dispute.answer_due_on),
                "decision": dispute.decision or None,
                "decided_at": moment(dispute.decided_at),
            }
            for dispute in case.disputes
        ],
    }


def acknowledgement_records(case: Case) -> list[Json]:
    return [_acknowledgement(one) for one in case.acknowledgements]


def _acknowledgement(one: Acknowledgement) -> Json:
    return {
        "id": one.pk,
        "prompt": one.prompt_id,
        "delivery": one.delivery_id,
        "method": one.method,
        "amount": str(one.amount),
        "currency": one.currency,
        "due_on": day(one.due_on),
        "wording": one.wording,
        "acknowledged_at": moment(one.acknowledged_at),
    }


def position_records(case: Case) -> list[Json]:
    """Each installment with the bank's figures and the word of each firm."""
    return [
        {
            "installment": installment.pk,
            "number": installment.number,
            "due_on": day(installment.due_on),
            **{name: str(getattr(installment, name)) for name in ("total", "waived", "paid", "outstanding")},
            "state": installment.state,
            "settled_on": day(installment.settled_on),
            "positions": [_position(position) for position in installment.positions.all()],
        }
        for installment in case.installments
    ]


def _position(position: Position) -> Json:
    return {
        "firm": position.partner.name,
        "kind": position.partner.kind,
        "status": position.status,
        "paid": str(position.paid),
        "as_of": moment(position.as_of),
        "report": {
            "id": position.report_id,
            "sha256": position.report.digest,
            "received_at": moment(position.report.received_at),
        },
    }


def payment_records(case: Case) -> list[Json]:
    """`laid`: what of each went to which installments, by their numbers; of one that went back nothing is, and
    `was_for` says for which it was.
    """
    return [
        {
            "id": payment.pk,
            "installment": payment.installment.number if payment.installment else None,
            "laid": [{"installment": part.installment.number, "amount": str(part.amount)} for part in laid(payment)],
            "was_for": was_for(payment),
            "amount": str(payment.amount),
            "currency": payment.currency,
            "end_to_end_id": payment.end_to_end_id,
            "status": payment.status,
            "paid_on": day(payment.paid_on),
            "received_at": moment(payment.received_at),
            "settled_at": moment(payment.settled_at),
            "booked_on": day(payment.booked_on),
            "given_up_at": moment(payment.given_up_at),
            "returned_at": moment(went_back_at(payment)),
            "return_reason": payment.return_reason or None,
        }
        for payment in case.payments
    ]


def moment(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None
