"""Disputes on the desk: a queue by what runs out first, and a page to judge, answer and decide one."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.requests import SignedInRequest
from loans.disputes import ANSWER_DAYS, AlreadyDecidedError, answer, decide
from loans.models import Dispute, DisputeFile
from loans.templatetags.loans import day, moment, relative
from portal.admin.cells import chip, person_link
from portal.admin.dispute_forms import AnswerForm, DecisionForm
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.told import read_record

CONFLICT = 409


class StandingFilter(admin.SimpleListFilter):
    """Undecided unless asked otherwise."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("late", _("late")), ("ours", _("our turn")), ("decided", _("decided")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("undecided")}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Dispute]") -> "QuerySet[Dispute]":
        match self.value():
            case "all":
                return queryset
            case "late":
                undecided = queryset.exclude(status=Dispute.Status.DECIDED)
                return undecided.filter(answer_due_on__lt=timezone.localdate())
            case "ours":
                return queryset.filter(status=Dispute.Status.OPEN)
            case "decided":
                return queryset.filter(status=Dispute.Status.DECIDED)
        return queryset.exclude(status=Dispute.Status.DECIDED)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    """The record is read-only: what agents may do is to answer and to decide, once."""

    list_display = ["receipt_number", "decide_by", "move", "kind", "person", "loan", "installment_due", "opened"]
    list_filter = [StandingFilter, "kind"]
    list_select_related = ["borrower", "loan", "installment"]
    ordering = ["answer_due_on", "pk"]
    search_fields = ["=receipt_number", "=loan__external_id"]
    search_help_text = _("Receipt number or loan number")

    def may_act(self, request: SignedInRequest, dispute: Dispute) -> bool:
        """An agent with the permission to change disputes, and never on a dispute of their own."""
        return request.user.has_perm("loans.change_dispute") and dispute.borrower_id != request.user.pk

    @admin.display(description=_("decide by"), ordering="answer_due_on")
    def decide_by(self, dispute: Dispute) -> str:
        if dispute.decided_at:
            return gettext("decided")
        when = f"{day(dispute.answer_due_on)} ({relative(dispute.answer_due_on)})"
        if dispute.answer_due_on >= timezone.localdate():
            return when
        return format_html("{} {}", chip(gettext("LATE"), "danger"), when)

    @admin.display(description=_("installment due"), ordering="installment__due_on")
    def installment_due(self, dispute: Dispute) -> str:
        return day(dispute.installment.due_on) if dispute.installment else gettext("the whole loan")

    @admin.display(description=_("turn"), ordering="status")
    def move(self, dispute: Dispute) -> str:
        if dispute.decided_at:
            return dispute.get_decision_display()
        return gettext("borrower’s turn") if dispute.status == Dispute.Status.ANSWERED else gettext("our turn")

    @admin.display(description=_("borrower"))
    def person(self, dispute: Dispute) -> SafeString:
        return person_link(dispute.borrower)

    @admin.display(description=_("opened"), ordering="opened_at")
    def opened(self, dispute: Dispute) -> str:
        return moment(dispute.opened_at)

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One dispute: GET shows it, POST answers or decides it."""
        dispute = self.get_object(request, unquote(object_id))
        if dispute is None:
            raise Http404
        if not self.has_view_permission(request, dispute):
            raise PermissionDenied
        if request.method != "POST":
            return self._page(request, dispute, AnswerForm(), DecisionForm())
        if not self.may_act(request, dispute):
            raise PermissionDenied
        return self._decide(request, dispute) if "decide" in request.POST else self._answer(request, dispute)

    def _answer(self, request: SignedInRequest, dispute: Dispute) -> HttpResponse:
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return self._page(request, dispute, form, DecisionForm())
        words, token = form.cleaned_data["words"], form.cleaned_data["form_token"]
        try:
            answer(dispute=dispute, agent=request.user, words=words, now=timezone.now(), form_token=token)
        except AlreadyDecidedError:
            return self._too_late(request, dispute, words)
        self.log_change(request, dispute, "Answered.")
        messages.success(request, gettext("Your answer is on its way to the borrower."))
        return redirect("admin:loans_dispute_change", dispute.pk)

    def _decide(self, request: SignedInRequest, dispute: Dispute) -> HttpResponse:
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self._page(request, dispute, AnswerForm(), form)
        words, decision = form.cleaned_data["words"], form.cleaned_data["decision"]
        try:
            decide(dispute=dispute, agent=request.user, decision=decision, words=words, now=timezone.now())
        except AlreadyDecidedError:
            return self._too_late(request, dispute, words)
        self.log_change(request, dispute, f"Decided: {decision}.")
        messages.success(request, gettext("Decided. The borrower is being told."))
        return redirect("admin:loans_dispute_change", dispute.pk)

    def _too_late(self, request: SignedInRequest, dispute: Dispute, words: str) -> HttpResponse:
        dispute = self.get_queryset(request).get(pk=dispute.pk)
        return self._page(request, dispute, AnswerForm(), DecisionForm(), unsent=words, status=CONFLICT)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Dispute]":
        related = ("borrower", "decided_by", "installment__loan", "loan__bank", "loan__platform")
        return super().get_queryset(request).select_related(*related)

    def _page(
        self,
        request: SignedInRequest,
        dispute: Dispute,
        answer_form: AnswerForm,
        decision_form: DecisionForm,
        *,
        unsent: str = "",
        status: int = 200,
    ) -> HttpResponse:
        files = Prefetch("files", DisputeFile.objects.defer("content"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{dispute.receipt_number} · {dispute.get_kind_display()}",
            "opts": self.opts,
            "dispute": dispute,
            "may_act": self.may_act(request, dispute) and dispute.decided_at is None,
            "days_late": (timezone.localdate() - dispute.answer_due_on).days,
            "answer_days": ANSWER_DAYS,
            "thread": list(dispute.messages.select_related("author").prefetch_related(files)),
            "record": read_record(dispute),
            "answer_form": answer_form,
            "decision_form": decision_form,
            "unsent": unsent,
        }
        return TemplateResponse(request, "disputes/desk/dispute.html", context, status=status)
