"""Loans, payments and the two firms' positions, as they stand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from loans.models import Installment, Loan, Payment, Position
from portal.admin.cells import chip, money, person_link
from portal.admin.read_only import ReadOnlyAdmin

_PAYMENT_TONES = {Payment.Status.RECEIVED: "warn", Payment.Status.SETTLED: "good", Payment.Status.RETURNED: "danger"}


@admin.register(Loan)
class LoanAdmin(ReadOnlyAdmin[Loan]):
    """The agreement, with its schedule and what each firm says of it."""

    list_display = ["external_id", "borrower_link", "product", "sum", "bank", "platform", "disbursed_on"]
    list_filter = ["bank", "platform"]
    ordering = ["-pk"]
    search_fields = ["=external_id"]
    search_help_text = _("Loan number")
    fields = [
        "external_id", "borrower_link", "bank", "platform", "product", "sum", "disbursed_on", "schedule_version",
        "schedule",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Loan]":
        return super().get_queryset(request).select_related("borrower", "bank", "platform")

    @admin.display(description=_("borrower"))
    def borrower_link(self, loan: Loan) -> SafeString:
        return person_link(loan.borrower)

    @admin.display(description=_("principal"), ordering="principal")
    def sum(self, loan: Loan) -> str:
        return money(loan.principal, loan.currency)

    @admin.display(description=_("schedule"))
    def schedule(self, loan: Loan) -> str:
        rows = list(loan.installments.prefetch_related("positions__partner").order_by("number"))
        return render_to_string("admin/desk/schedule.html", {"loan": loan, "rows": rows})


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    """Money on its way, and where it stands."""

    list_display = ["paid_on", "sum", "loan_number", "borrower_link", "standing", "received_at", "booked_on"]
    list_filter = ["status"]
    ordering = ["-pk"]
    search_fields = ["=end_to_end_id", "=loan__external_id"]
    search_help_text = _("End-to-end id or loan number")
    fields = [
        "loan", "borrower_link", "installment_number", "sum", "end_to_end_id", "standing", "paid_on", "received_at",
        "settled_at", "booked_on",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Payment]":
        return super().get_queryset(request).select_related("loan__borrower", "installment")

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, payment: Payment) -> str:
        return money(payment.amount, payment.currency)

    @admin.display(description=_("loan"))
    def loan_number(self, payment: Payment) -> str:
        return payment.loan.external_id

    @admin.display(description=_("installment"))
    def installment_number(self, payment: Payment) -> Any:
        return payment.installment.number if payment.installment else None

    @admin.display(description=_("borrower"))
    def borrower_link(self, payment: Payment) -> SafeString:
        return person_link(payment.loan.borrower)

    @admin.display(description=_("status"), ordering="status")
    def standing(self, payment: Payment) -> SafeString:
        return chip(payment.get_status_display(), _PAYMENT_TONES[Payment.Status(payment.status)])


@admin.register(Position)
class PositionAdmin(ReadOnlyAdmin[Position]):
    """What one firm says of one installment."""

    list_display = ["installment_label", "partner", "status", "sum", "as_of"]
    list_filter = ["partner", "status"]
    ordering = ["-pk"]
    search_fields = ["=installment__loan__external_id"]
    search_help_text = _("Loan number")
    fields = ["installment_label", "partner", "status", "sum", "as_of", "report"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Position]":
        return super().get_queryset(request).select_related("installment__loan", "partner")

    @admin.display(description=_("installment"))
    def installment_label(self, position: Position) -> str:
        installment: Installment = position.installment
        return f"{installment.loan.external_id} / {installment.number}"

    @admin.display(description=_("paid"))
    def sum(self, position: Position) -> str:
        return money(position.paid, position.installment.loan.currency)
