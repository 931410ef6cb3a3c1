"""Prompts that firms have to send: how well each firm keeps to it, and what became of each prompt."""

from functools import partial
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.firm_scores import read_scores
from notifications.models import Duty
from portal.admin.cells import chip, stage_of
from portal.admin.duty_words import RELATED, telling_words
from portal.admin.finding_rows import find_rows
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.timeline_told import about, subjects

_TONES: Final = {Duty.Status.MET: "good", Duty.Status.PASSED_ON: "warn", Duty.Status.TAKEN_OVER: "danger"}


@admin.register(Duty)
class DutyAdmin(ReadOnlyAdmin[Duty]):
    """The firms' scores stand above the list."""

    change_list_template = "admin/desk/duties.html"
    list_display = ["report_by", "about", "rule_words", "responsible", "backup", "standing", "word"]
    list_display_links = ["report_by"]
    list_filter = ["status", "responsible"]
    ordering = ["-report_by", "-pk"]
    sortable_by = ["report_by"]
    search_fields = ["pk"]
    found_by = staticmethod(
        partial(find_rows, loans=["prompt__installment__loan"], prompt__payment=None, prompt__dispute=None)
    )
    search_help_text = _("Loan number")
    fields = [
        "prompt_link", "about", "rule_words", "responsible", "report_by", "backup", "portal_at", "proof", "standing",
        "settled_at", "word",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Duty]":
        return super().get_queryset(request).select_related(*RELATED, *subjects("prompt__"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"scores": read_scores(timezone.now())} | (extra_context or {}))

    @admin.display(description=_("prompt"))
    def prompt_link(self, duty: Duty) -> SafeString:
        address = reverse("admin:notifications_prompt_change", args=[duty.prompt_id])
        return format_html('<a href="{}">{}</a>', address, gettext("prompt #%d") % duty.prompt_id)

    @admin.display(description=_("about"))
    def about(self, duty: Duty) -> str:
        return about(duty.prompt)

    @admin.display(description=_("rule"))
    def rule_words(self, duty: Duty) -> str:
        return stage_of(duty.prompt)

    @admin.display(description=_("has to say that it arrived"), boolean=True)
    def proof(self, duty: Duty) -> bool:
        return duty.needs_proof

    @admin.display(description=_("status"), ordering="status")
    def standing(self, duty: Duty) -> SafeString:
        return chip(duty.get_status_display(), _TONES.get(Duty.Status(duty.status), ""))

    @admin.display(description=_("the firm's word"))
    def word(self, duty: Duty) -> str:
        return telling_words(duty.telling) if duty.telling else ""
