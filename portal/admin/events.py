"""What partners pushed, event by event, and what became of each."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from loans.models import Event
from portal.admin.cells import chip
from portal.admin.read_only import ReadOnlyAdmin

_TONES = {Event.Status.APPLIED: "good", Event.Status.WAITING: "warn", Event.Status.REFUSED: "danger"}


class EventStandingFilter(admin.SimpleListFilter):
    """All, or what was not applied."""

    title = _("standing")
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(status.value, status.label) for status in (Event.Status.REFUSED, Event.Status.WAITING)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Event]") -> "QuerySet[Event]":
        chosen = self.value()
        return queryset.filter(status=chosen) if chosen in dict(self.lookup_choices) else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin[Event]):
    """Nothing of an event can be changed here; a partner mends it by pushing a new one."""

    list_display = ["event_id", "type", "partner", "loan_number", "occurred_at", "standing", "code", "report"]
    list_filter = [EventStandingFilter]
    ordering = ["-pk"]
    fields = ["event_id", "type", "partner", "report", "loan_number", "bank", "occurred_at", "standing", "code", "why"]
    readonly_fields = ["standing", "why"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Event]":
        return super().get_queryset(request).select_related("partner", "report").defer("report__content")

    @admin.display(description=_("outcome"), ordering="status")
    def standing(self, event: Event) -> SafeString:
        return chip(event.get_status_display(), _TONES.get(Event.Status(event.status), ""))

    @admin.display(description=_("why"))
    def why(self, event: Event) -> str:
        return mask_text(event.reason)
