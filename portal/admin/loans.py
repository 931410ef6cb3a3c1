"""Loans, payments and the two firms' positions, as they stand."""

from functools import partial
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest
from loans.models import Installment, Loan, Payment, Position
from loans.return_reasons import reason_in_words
from notifications import tasks
from notifications.clock import Clock
from notifications.prior_notice import LONGEST, Notices, give_prior_notice
from notifications.responsibility import Rules
from portal.admin.cells import chip, money, person_link
from portal.admin.duty_words import sender_words
from portal.admin.finding_rows import find_rows
from portal.admin.read_only import ReadOnlyAdmin

MAY_GIVE_NOTICE: Final = "notifications.add_prompt"
USUAL_DAYS: Final = 10
_PAYMENT_TONES = {
    Payment.Status.RECEIVED: "warn",
    Payment.Status.SETTLED: "good",
    Payment.Status.RETURNED: "danger",
    Payment.Status.DOUBTED: "danger",
}


@admin.register(Loan)
class LoanAdmin(ReadOnlyAdmin[Loan]):
    """The agreement, with its schedule and what each firm says of it."""

    change_form_template = "admin/desk/loan.html"
    list_display = ["external_id", "borrower_link", "product", "sum", "bank", "platform", "disbursed_on"]
    list_filter = ["bank", "platform"]
    ordering = ["-pk"]
    search_fields = ["=external_id"]
    search_help_text = _("Loan number")
    fields = [
        "external_id", "borrower_link", "bank", "platform", "product", "sum", "disbursed_on", "schedule_version",
        "sender", "schedule",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Loan]":
        return super().get_queryset(request).select_related("borrower", "bank", "platform")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.notice_view))
        return [path("<int:loan_id>/notice/", view, name="loans_loan_notice"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        notice = {"may_give_notice": request.user.has_perm(MAY_GIVE_NOTICE), "usual_days": USUAL_DAYS}
        return super().change_view(request, object_id, form_url, notice | (extra_context or {}))

    def notice_view(self, request: SignedInRequest, loan_id: int) -> HttpResponse:
        """Give notice before an adverse report about what is overdue, and say what was left out and why."""
        loan = get_object_or_404(self.get_queryset(request), pk=loan_id)
        if not request.user.has_perm(MAY_GIVE_NOTICE) or loan.borrower_id == request.user.pk:
            raise PermissionDenied
        asked = request.POST.get("days", "")
        days = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= len(str(LONGEST)) else 0
        if not 1 <= days <= LONGEST:
            messages.error(request, gettext("Write how many days it is until the report: 1 to %d.") % LONGEST)
            return redirect("admin:loans_loan_change", loan_id)
        with transaction.atomic():
            notices = give_prior_notice([loan], Clock.at(timezone.now()), days=days)
            self.log_change(request, loan, f"Notice about {notices.given} installments, {days} days before.")
            transaction.on_commit(tasks.wake_senders, robust=True)
        _tell(request, notices)
        return redirect("admin:loans_loan_change", loan_id)

    @admin.display(description=_("borrower"))
    def borrower_link(self, loan: Loan) -> SafeString:
        return person_link(loan.borrower)

    @admin.display(description=_("principal"), ordering="principal")
    def sum(self, loan: Loan) -> str:
        return money(loan.principal, loan.currency)

    @admin.display(description=_("who sends prompts"))
    def sender(self, loan: Loan) -> str:
        return sender_words(Rules.at(timezone.now()), loan)

    @admin.display(description=_("schedule"))
    def schedule(self, loan: Loan) -> str:
        rows = list(loan.installments.prefetch_related("positions__partner").order_by("number"))
        return render_to_string("admin/desk/schedule.html", {"loan": loan, "rows": rows})


def _tell(request: HttpRequest, notices: Notices) -> None:
    for one in notices.refused:
        messages.error(request, gettext("No notice: %s.") % one)
    if notices.given:
        words = ngettext(
            "Notice is given about %d installment.", "Notice is given about %d installments.", notices.given
        )
        messages.success(request, words % notices.given)


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin[Payment]):
    """Money on its way, and where it stands."""

    list_display = ["paid_on", "sum", "over", "loan_number", "borrower_link", "standing", "received_at", "booked_on"]
    list_filter = ["status"]
    ordering = ["-pk"]
    search_fields = ["pk"]
    found_by = staticmethod(partial(find_rows, loans=["loan"], values=["end_to_end_id"]))
    search_help_text = _("End-to-end id or loan number")
    fields = [
        "loan", "borrower_link", "installment_number", "sum", "over", "end_to_end_id", "standing", "paid_on",
        "received_at", "settled_at", "booked_on", "returned_at", "why_returned", "last_status",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Payment]":
        """Those that cannot be true, too: whoever looks into one must find it."""
        return Payment.everything.order_by("-pk").select_related("loan__borrower", "installment")

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, payment: Payment) -> str:
        return money(payment.amount, payment.currency)

    @admin.display(description=_("more than was owed"), ordering="credit")
    def over(self, payment: Payment) -> str:
        return money(payment.credit, payment.currency) if payment.credit else ""

    @admin.display(description=_("loan"))
    def loan_number(self, payment: Payment) -> str:
        return payment.loan.external_id

    @admin.display(description=_("installment"))
    def installment_number(self, payment: Payment) -> Any:
        return payment.installment.number if payment.installment else None

    @admin.display(description=_("reason of the return"))
    def why_returned(self, payment: Payment) -> str:
        return reason_in_words(payment.return_reason)

    @admin.display(description=_("last status report"))
    def last_status(self, payment: Payment) -> str:
        last = payment.statuses.order_by("-pk").first()
        return "" if last is None else " ".join(filter(None, [last.status, reason_in_words(last.reason)]))

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
