"""The queue of what two firms have not agreed about in time: take one, write down what you find, close it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.requests import SignedInRequest
from loans.discrepancies import NotYoursError, close, note, take
from loans.models import Discrepancy, Installment, PositionChange
from portal.admin.cells import chip, installment_label, person_link, time_left
from portal.admin.discrepancy_forms import DifferenceKindFilter, DiscrepancyStandingFilter, WordsForm
from portal.admin.ids import read_id
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.spans import span_words

CONFLICT = 409
RELATED = (
    "holder",
    "difference__follower",
    *(f"difference__installment__loan__{one}" for one in ("borrower", "bank", "platform")),
)


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin[Discrepancy]):
    """By what runs out first."""

    list_display = ["deadline", "kind", "installment_label", "borrower_link", "age", "who_follows", "holder"]
    list_display_links = ["deadline"]
    list_filter = [DiscrepancyStandingFilter, DifferenceKindFilter]
    ordering = ["due_by", "pk"]
    search_fields = ["=difference__installment__loan__external_id"]
    search_help_text = _("Loan number")
    sortable_by = ["deadline"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Discrepancy]":
        return super().get_queryset(request).select_related(*RELATED)

    @admin.display(description=_("act by"), ordering="due_by")
    def deadline(self, row: Discrepancy) -> SafeString | str:
        if row.closed_at:
            return gettext("closed")
        now = timezone.now()
        return chip(time_left(row.due_by, now), "danger" if row.due_by < now else "")

    @admin.display(description=_("kind"))
    def kind(self, row: Discrepancy) -> str:
        return row.difference.get_kind_display()

    @admin.display(description=_("installment"))
    def installment_label(self, row: Discrepancy) -> str:
        installment: Installment = row.difference.installment
        return installment_label(installment, installment.loan)

    @admin.display(description=_("borrower"))
    def borrower_link(self, row: Discrepancy) -> SafeString:
        return person_link(row.difference.installment.loan.borrower)

    @admin.display(description=_("differs for"))
    def age(self, row: Discrepancy) -> str:
        return span_words((row.difference.ended_at or timezone.now()) - row.difference.since)

    @admin.display(description=_("who has to follow"))
    def who_follows(self, row: Discrepancy) -> str:
        firm = row.difference.follower
        return f"{firm.name}: {firm.desk_name}" if firm.desk_name else firm.name

    def may_act(self, request: SignedInRequest, row: Discrepancy) -> bool:
        """An agent with the permission to change them, and never about a loan of their own."""
        own = row.difference.installment.loan.borrower_id == request.user.pk
        return request.user.has_perm("loans.change_discrepancy") and not own

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One discrepancy: GET shows it, POST takes, notes or closes it."""
        row = self.viewed(request, object_id)
        if request.method != "POST":
            return self._page(request, row, WordsForm())
        if not self.may_act(request, row):
            raise PermissionDenied
        if "take" in request.POST:
            return self._take(request, row)
        form = WordsForm(request.POST)
        if not form.is_valid():
            return self._page(request, row, form)
        return self._write(request, row, form)

    def _take(self, request: SignedInRequest, row: Discrepancy) -> HttpResponse:
        over_from = read_id(request.POST.get("over_from", ""))
        try:
            take(row.pk, agent=request.user, now=timezone.now(), over_from=over_from)
        except NotYoursError as obstacle:
            messages.error(request, str(obstacle))
        else:
            self.log_change(request, row, "Taken.")
        return redirect("admin:loans_discrepancy_change", row.pk)

    def _write(self, request: SignedInRequest, row: Discrepancy, form: WordsForm) -> HttpResponse:
        words, now = form.cleaned_data["words"], timezone.now()
        if "close" not in request.POST:
            note(row.pk, agent=request.user, words=words, now=now)
            self.log_change(request, row, "Noted.")
            return redirect("admin:loans_discrepancy_change", row.pk)
        try:
            close(row.pk, agent=request.user, reason=words, now=now)
        except NotYoursError as obstacle:
            messages.error(request, str(obstacle))
            return self._page(request, self.get_queryset(request).get(pk=row.pk), form, status=CONFLICT)
        self.log_change(request, row, "Closed.")
        messages.success(request, gettext("Closed and on record."))
        return redirect("admin:loans_discrepancy_changelist")

    def _page(self, request: SignedInRequest, row: Discrepancy, form: WordsForm, *, status: int = 200) -> HttpResponse:
        difference, now = row.difference, timezone.now()
        installment = difference.installment
        said = PositionChange.objects.filter(installment=installment).select_related("partner")
        context = {
            **self.admin_site.each_context(request),
            "title": f"{capfirst(difference.get_kind_display())} · {self.installment_label(row)}",
            "opts": self.opts,
            "row": row,
            "difference": difference,
            "loan": installment.loan,
            "firms": [firm for firm in (installment.loan.bank, installment.loan.platform) if firm],
            "positions": list(installment.positions.select_related("partner").order_by("partner__kind")),
            "said": list(said.order_by("as_of", "pk")),
            "entries": list(row.entries.select_related("by")),
            "left": time_left(row.due_by, now),
            "is_late": row.due_by < now,
            "age": self.age(row),
            "may_act": self.may_act(request, row),
            "is_mine": row.holder_id in {None, request.user.pk},
            "form": form,
        }
        return TemplateResponse(request, "admin/desk/discrepancy.html", context, status=status)
