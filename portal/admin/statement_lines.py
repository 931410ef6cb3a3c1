"""Bank lines that nothing was matched to: what each could be, and the agent's decision."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from accounts.requests import SignedInRequest
from loans.intake.deciding import CannotDecideError, match_line, set_aside, suggestions
from loans.intake.taking_back import take_back_decision
from loans.models import Installment, Payment, StatementLine
from loans.return_reasons import reason_in_words
from portal.admin.cells import chip, money
from portal.admin.finding_rows import find_rows
from portal.admin.ids import read_id
from portal.admin.line_forms import LineStandingFilter, ReasonForm, TakeBackForm
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import reason_words

CONFLICT = 409
_TONES = {StatementLine.Match.UNMATCHED: "warn", StatementLine.Match.MATCHED: "good"}


@admin.register(StatementLine)
class StatementLineAdmin(ReadOnlyAdmin[StatementLine]):
    """The oldest first: a borrower who paid is waiting behind each."""

    list_display = ["booked", "sum", "side_shown", "payer_text", "end_to_end_id", "reason", "standing", "bank"]
    list_display_links = ["booked"]
    list_filter = [LineStandingFilter, "currency"]
    ordering = ["booked_on", "pk"]
    sortable_by = ["booked", "sum"]
    search_fields = ["pk"]
    found_by = staticmethod(partial(find_rows, values=["reference", "end_to_end_id"]))
    search_help_text = _("Bank's reference or end-to-end id")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[StatementLine]":
        lines = super().get_queryset(request).select_related("report__partner", "decided_by", "payment__loan")
        return lines.defer("report__content")

    @admin.display(description=_("booked on"), ordering="booked_on")
    def booked(self, line: StatementLine) -> Any:
        return line.booked_on or line.valued_on or f"#{line.pk}"

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, line: StatementLine) -> str:
        return money(line.amount, line.currency)

    @admin.display(description=_("side"))
    def side_shown(self, line: StatementLine) -> str:
        side = line.get_side_display()
        return gettext("%s, reversal") % side if line.reversal else side

    @admin.display(description=_("remittance text"))
    def payer_text(self, line: StatementLine) -> str:
        return mask_text(line.remittance)

    @admin.display(description=_("why"))
    def reason(self, line: StatementLine) -> str:
        said = (reason_words(line.why), reason_in_words(line.return_reason))
        return "; ".join(words for words in said if words)

    @admin.display(description=_("standing"))
    def standing(self, line: StatementLine) -> SafeString:
        match = StatementLine.Match(line.match)
        words = gettext("to be decided") if match == StatementLine.Match.UNMATCHED else line.get_match_display()
        return chip(words, _TONES.get(match, ""))

    @admin.display(description=_("bank"))
    def bank(self, line: StatementLine) -> str:
        return line.report.partner.name

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One line: GET shows it with what it could be, POST decides it, or takes the decision back."""
        line = self.viewed(request, object_id)
        if request.method != "POST":
            return self._page(request, line, ReasonForm())
        if not request.user.has_perm("loans.change_statementline"):
            raise PermissionDenied
        if "take_back" in request.POST:
            return self._take_back(request, line)
        return self._set_aside(request, line) if "set_aside" in request.POST else self._match(request, line)

    def _match(self, request: SignedInRequest, line: StatementLine) -> HttpResponse:
        """What was chosen is shown first: a row beside the right one would pay a stranger's debt."""
        installment_id, payment_id = _chosen(request.POST.get("match", ""))
        if not installment_id:
            messages.error(request, gettext("Choose what the line is matched to."))
            return self._page(request, line, ReasonForm())
        if "sure" not in request.POST and line.match == StatementLine.Match.UNMATCHED:
            return self._ask(request, line, installment_id, payment_id)
        try:
            now = timezone.now()
            match_line(
                line_id=line.pk, installment_id=installment_id, payment_id=payment_id, agent=request.user, now=now
            )
        except (CannotDecideError, Installment.DoesNotExist, Payment.DoesNotExist) as obstacle:
            return self._refused(request, line, ReasonForm(), obstacle)
        self.log_change(request, line, f"Matched to installment #{installment_id}.")
        messages.success(request, gettext("Booked. The borrower is being told."))
        return redirect("admin:loans_statementline_changelist")

    def _set_aside(self, request: SignedInRequest, line: StatementLine) -> HttpResponse:
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._page(request, line, form)
        try:
            set_aside(line_id=line.pk, reason=form.cleaned_data["reason"], agent=request.user, now=timezone.now())
        except CannotDecideError as obstacle:
            return self._refused(request, line, form, obstacle)
        self.log_change(request, line, "Set aside.")
        messages.success(request, gettext("Set aside."))
        return redirect("admin:loans_statementline_changelist")

    def _ask(
        self, request: SignedInRequest, line: StatementLine, installment_id: int, payment_id: int | None
    ) -> HttpResponse:
        rows = Installment.objects.select_related("loan__borrower", "loan__platform")
        installment = rows.filter(pk=installment_id, loan__bank=line.report.partner_id).first()
        payment = installment.loan.payments.filter(pk=payment_id).first() if installment and payment_id else None
        if installment is None or (payment_id and payment is None):
            messages.error(request, gettext("Choose what the line is matched to."))
            return self._page(request, line, ReasonForm())
        return TemplateResponse(
            request,
            "admin/desk/line_sure.html",
            {
                **self.admin_site.each_context(request),
                "title": gettext("Book this money?"),
                "opts": self.opts,
                "line": line,
                "payer_text": self.payer_text(line),
                "installment": installment,
                "payment": payment,
                "differs": line.currency == installment.loan.currency and line.amount != installment.outstanding,
                "match": request.POST["match"],
            },
        )

    def _take_back(self, request: SignedInRequest, line: StatementLine) -> HttpResponse:
        form = TakeBackForm(request.POST)
        if not form.is_valid():
            return self._page(request, line, ReasonForm(), take_back=form)
        was = f"{line.match} by #{line.decided_by_id}, for installment #{line.decided_for_id}"
        try:
            with transaction.atomic():
                taken = take_back_decision(line.pk, agent=request.user, now=timezone.now())
                self.log_change(request, line, f"Taken back ({was}): {form.cleaned_data['wrong']}")
        except CannotDecideError as obstacle:
            return self._refused(request, line, ReasonForm(), obstacle)
        if taken.match == StatementLine.Match.UNMATCHED:
            messages.success(request, gettext("Taken back. The line waits to be decided again."))
        else:
            messages.success(request, gettext("Taken back. The line has found its payment by itself."))
        return redirect("admin:loans_statementline_change", line.pk)

    def _refused(
        self, request: SignedInRequest, line: StatementLine, form: ReasonForm, obstacle: Exception
    ) -> HttpResponse:
        messages.error(request, str(obstacle))
        return self._page(request, self.get_queryset(request).get(pk=line.pk), form, status=CONFLICT)

    def _page(
        self,
        request: SignedInRequest,
        line: StatementLine,
        form: ReasonForm,
        *,
        status: int = 200,
        take_back: TakeBackForm | None = None,
    ) -> HttpResponse:
        waiting = line.match == StatementLine.Match.UNMATCHED
        may_change = request.user.has_perm("loans.change_statementline")
        number = request.GET.get("loan", "").strip()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("%(sum)s from %(bank)s") % {"sum": self.sum(line), "bank": self.bank(line)},
            "opts": self.opts,
            "line": line,
            "standing": self.standing(line),
            "why": self.reason(line),
            "side": self.side_shown(line),
            "payer_text": self.payer_text(line),
            "is_credit": line.side == "credit" and not line.reversal,
            "may_decide": waiting and may_change,
            "take_back": (take_back or TakeBackForm()) if line.decided_by_id and may_change else None,
            "suggestions": suggestions(line, request.user) if waiting else None,
            "loan_number": number,
            "of_loan": _unsettled(line, number) if waiting and number else [],
            "form": form,
        }
        return TemplateResponse(request, "admin/desk/statement_line.html", context, status=status)


def _chosen(text: str) -> tuple[int | None, int | None]:
    """ "17" is installment 17, "17:5" the same as payment 5; anything else nothing."""
    installment, _colon, payment = text.partition(":")
    return read_id(installment), read_id(payment)


def _unsettled(line: StatementLine, number: str) -> list[Installment]:
    """What is left to pay of the loan with this number at the line's bank."""
    installments = Installment.objects.unsettled().filter(loan__bank=line.report.partner_id, loan__external_id=number)
    return list(installments.select_related("loan__borrower")[:100])
