"""Lines about what is owed: loans, payments, disputes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from loans import dates
from loans.models import Dispute, DisputeMessage, Loan, Payment
from portal.admin.cells import language, money
from portal.admin.line import Line, Teller
from portal.admin.timeline_rows import Row


def _loans(ids: set[int]) -> Mapping[int, Loan]:
    return Loan.objects.with_firms().in_bulk(ids)


def _loan(loan: Loan, at: datetime) -> Line:
    return Line(
        kind="loan",
        at=at,
        what=_("Loan taken in"),
        about=f"{loan.external_id} · {loan.product} · {money(loan.principal, loan.currency)}",
        by=loan.bank.name,
        why=_("sold by %s") % loan.platform if loan.platform else "",
        href=reverse("admin:loans_loan_change", args=[loan.pk]),
        link=_("loan"),
    )


def _payments(ids: set[int]) -> Mapping[int, Payment]:
    return Payment.objects.with_firms().in_bulk(ids)


def _payment_seen(payment: Payment, at: datetime) -> Line:
    tone = "" if payment.status == Payment.Status.SETTLED else "warn"
    return _payment(payment, at, _("Payment seen"), (payment.loan.platform or payment.loan.bank).name, tone)


def _payment_booked(payment: Payment, at: datetime) -> Line:
    return _payment(payment, at, _("Payment booked"), payment.loan.bank.name, "good")


def _payment(payment: Payment, at: datetime, what: str, by: str, tone: str) -> Line:
    number = _("no. %d") % payment.installment.number if payment.installment else ""
    return Line(
        kind="payment",
        at=at,
        what=what,
        about=" ".join(filter(None, [payment.loan.external_id, number, money(payment.amount, payment.currency)])),
        proof=payment.get_status_display(),
        tone=tone,
        by=by,
        why=payment.end_to_end_id,
        href=reverse("admin:loans_payment_change", args=[payment.pk]),
        link=_("payment"),
    )


def _disputes(ids: set[int]) -> Mapping[int, Dispute]:
    return Dispute.objects.select_related("loan", "installment", "decided_by", "borrower").in_bulk(ids)


def _dispute_opened(dispute: Dispute, at: datetime) -> Line:
    due = dates.day(dispute.answer_due_on, language(), at.date())
    return _dispute(
        dispute,
        at,
        what=_("Dispute opened: %s") % dispute.get_kind_display(),
        proof=dispute.get_status_display(),
        tone="" if dispute.decided_at else "warn",
        by=str(dispute.borrower),
        why=_("decision by %s") % due,
    )


def _dispute_decided(dispute: Dispute, at: datetime) -> Line:
    decision = dispute.get_decision_display()
    return _dispute(dispute, at, what=_("Dispute decided"), proof=decision, by=str(dispute.decided_by))


def _dispute(
    dispute: Dispute, at: datetime, what: str, by: str, proof: str = "", tone: str = "", why: str = ""
) -> Line:
    number = _("no. %d") % dispute.installment.number if dispute.installment else ""
    return Line(
        kind="dispute",
        at=at,
        what=what,
        about=" ".join(filter(None, [dispute.loan.external_id, number])),
        proof=proof,
        tone=tone,
        by=by,
        why=why,
        href=reverse("admin:loans_dispute_change", args=[dispute.pk]),
        link=dispute.receipt_number,
    )


def _messages(ids: set[int]) -> Mapping[int, DisputeMessage]:
    related = ("author", "dispute__loan", "dispute__installment")
    return DisputeMessage.objects.select_related(*related).in_bulk(ids)


def _message(message: DisputeMessage, at: datetime) -> Line:
    what = _("Answer to the dispute") if message.by_agent else _("Words of the borrower")
    return _dispute(message.dispute, at, what=what, by=str(message.author))


TELLERS: Final[dict[Row, Teller]] = {
    Row.LOAN: Teller(_loans, _loan),
    Row.PAYMENT_SEEN: Teller(_payments, _payment_seen),
    Row.PAYMENT_BOOKED: Teller(_payments, _payment_booked),
    Row.DISPUTE_OPENED: Teller(_disputes, _dispute_opened),
    Row.DISPUTE_MESSAGE: Teller(_messages, _message),
    Row.DISPUTE_DECIDED: Teller(_disputes, _dispute_decided),
}
