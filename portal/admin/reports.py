"""What partners sent: what became of it, what was refused and where, and for the few who may, the raw bytes."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import get_valid_filename
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.masking import mask_text
from accounts.requests import SignedInRequest
from loans.models import Report
from loans.uploads import takes_forms_of
from portal.admin.cells import chip
from portal.admin.now import REFUSED, REMARKED, lately
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.report_upload import LARGEST_FORM, upload
from portal.admin.statements import statements_of

MAY_DOWNLOAD = "loans.download_report"
_TONES = {Report.Status.APPLIED: "good", Report.Status.PARTLY: "warn", Report.Status.REFUSED: "danger"}


class ReportStandingFilter(admin.SimpleListFilter):
    """All, or what was refused or remarked upon lately."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("refused", _("refused in 7 days")), ("remarked", _("with remarks in 7 days"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Report]") -> "QuerySet[Report]":
        meant = {"refused": REFUSED, "remarked": REMARKED}.get(self.value() or "")
        if meant is None:
            return queryset
        return queryset.filter(pk__in=lately(timezone.now()).filter(meant).order_by().values("pk"))


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin[Report]):
    """Nothing of a report can be changed here; a partner mends it by sending a new one."""

    list_display = [
        "name",
        "partner",
        "kind",
        "received_at",
        "standing",
        "applied",
        "unchanged",
        "unmatched",
        "refused",
    ]
    list_filter = [ReportStandingFilter, "status", "kind", "partner"]
    ordering = ["-pk"]
    search_fields = ["name"]
    search_help_text = _("Name of the file")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Report]":
        return super().get_queryset(request).select_related("partner").defer("content")

    def get_fields(self, request: HttpRequest, obj: Report | None = None) -> Any:
        fields = [
            "partner",
            "kind",
            "received_at",
            "standing",
            "applied",
            "unchanged",
            "unmatched",
            "waiting_count",
            *(["event_list"] if obj and obj.kind == Report.Kind.EVENTS else []),
            "refusal_list",
            "remark_list",
            "statement_list",
        ]
        return [*fields, "digest", "signed_by", *(["download"] if request.user.has_perm(MAY_DOWNLOAD) else [])]

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(require_safe(self.download_view))
        upload_view = takes_forms_of(LARGEST_FORM)(require_http_methods(["GET", "HEAD", "POST"])(self.upload_view))
        upload_here = self.admin_site.admin_view(upload_view)
        return [
            path("<int:report_id>/raw/", download, name="loans_report_raw"),
            path("upload/", upload_here, name="loans_report_upload"),
            *super().get_urls(),
        ]

    @admin.display(description=_("status"), ordering="status")
    def standing(self, report: Report) -> SafeString:
        return chip(report.get_status_display(), _TONES.get(Report.Status(report.status), ""))

    @admin.display(description=_("refused"))
    def refused(self, report: Report) -> int:
        return len(report.refusals)

    @admin.display(description=_("refusals"))
    def refusal_list(self, report: Report) -> str:
        rows = [{**refusal, "reason": mask_text(str(refusal.get("reason", "")))} for refusal in report.refusals]
        return render_to_string("admin/desk/refusals.html", {"rows": rows})

    @admin.display(description=_("events"))
    def event_list(self, report: Report) -> SafeString:
        address = f"{reverse('admin:loans_event_changelist')}?report__id={report.pk}"
        return format_html('<a href="{}">{}</a>', address, gettext("What became of each"))

    @admin.display(description=_("remarks"))
    def remark_list(self, report: Report) -> SafeString:
        return format_html_join(mark_safe("<br>"), "{}", ([mask_text(str(remark))] for remark in report.remarks))

    @admin.display(description=_("statements"))
    def statement_list(self, report: Report) -> str:
        return statements_of(report)

    @admin.display(description=_("raw bytes"))
    def download(self, report: Report) -> SafeString:
        address = reverse("admin:loans_report_raw", args=[report.pk])
        return format_html('<a href="{}" download>{}</a>', address, gettext("Download as it came"))

    def download_view(self, request: SignedInRequest, report_id: int) -> StreamingHttpResponse:
        """The bytes as they came, which hold everybody's data unmasked: for those with the permission, and logged."""
        if not request.user.has_perm(MAY_DOWNLOAD):
            raise PermissionDenied
        report = get_object_or_404(Report, pk=report_id)
        self.log_change(request, report, "Raw bytes downloaded.")
        name = get_valid_filename(report.name.replace("\\", "/").rpartition("/")[2] or "report")
        return StreamingHttpResponse(
            report.raw(),
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
        )

    def upload_view(self, request: SignedInRequest) -> HttpResponse:
        """A partner's file brought by hand, for those with the permission, and logged."""
        site = {**self.admin_site.each_context(request), "opts": self.opts}
        answer, report = upload(request, site, template="admin/desk/upload.html")
        if report:
            self.log_change(request, report, "Uploaded.")
        return answer
