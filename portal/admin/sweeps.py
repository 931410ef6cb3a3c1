"""How the sweeps that beat asks for have ended."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.models import Sweep
from notifications.sweeps import not_running
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter


class SweepStandingFilter(StandingFilter):
    """All, or those that have not ended well for too long; of one that never ran there is no row."""

    waiting = _("all")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("missing", _("do not run"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Sweep]") -> "QuerySet[Sweep]":
        if self.value() != "missing":
            return queryset
        return queryset.filter(pk__in=[sweep.name for sweep in not_running(timezone.now())])


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin[Sweep]):
    """A row a sweep, which workers write."""

    list_display = ["name", "ended_at", "failed_at", "why"]
    list_filter = [SweepStandingFilter]
    ordering = ["name"]
    fields = ["name", "ended_at", "failed_at", "why"]
