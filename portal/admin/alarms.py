"""What should hold and does not, opened and closed by sweeps."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.models import Alarm
from portal.admin.cells import chip, person_link
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import reason_words
from portal.admin.standing import StandingFilter


class AlarmStandingFilter(StandingFilter):
    """Open unless asked otherwise."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("closed", _("closed")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Alarm]") -> "QuerySet[Alarm]":
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() != "closed")


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin[Alarm]):
    """Nobody closes one by hand: it closes when the next sweep finds that it holds again."""

    list_display = ["opened_at", "kind_chip", "borrower_link", "due_on", "wrong", "subject", "closed_at"]
    list_filter = [AlarmStandingFilter, "kind"]
    ordering = ["-opened_at", "-pk"]
    fields = ["kind", "subject", "borrower_link", "due_on", "wrong", "opened_at", "closed_at"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Alarm]":
        return super().get_queryset(request).select_related("borrower")

    @admin.display(description=_("kind"), ordering="kind")
    def kind_chip(self, alarm: Alarm) -> SafeString:
        return chip(alarm.get_kind_display(), "danger" if alarm.closed_at is None else "")

    @admin.display(description=_("borrower"))
    def borrower_link(self, alarm: Alarm) -> SafeString | str:
        return person_link(alarm.borrower) if alarm.borrower else gettext("nobody in particular")

    @admin.display(description=_("what is wrong"))
    def wrong(self, alarm: Alarm) -> str:
        return reason_words(alarm.detail)
