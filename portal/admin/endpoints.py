"""Where partners are told what happens: off, on, and everything that was given up sent again."""

from datetime import datetime

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from loans.models import Endpoint, OutwardDelivery
from loans.outward import endpoints
from loans.outward.replaying import send_again_to
from loans.outward.retrying import LONGEST_OFF
from portal.admin.cells import chip
from portal.admin.outward import button, host_of, say
from portal.admin.read_only import ReadOnlyAdmin


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin[Endpoint]):
    """Made by `manage.py add_endpoint`, which tells the secret; here it is switched off and on."""

    list_display = ["host", "partner", "standing", "disabled_because", "resting_until", "given_up", "buttons"]
    ordering = ["partner", "pk"]
    fields = ["host", "partner", "standing", "disabled_at", "disabled_because", "resting_until", "strikes", "made_at"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Endpoint]":
        dead = OutwardDelivery.objects.dead().filter(endpoint=OuterRef("pk")).order_by().values("endpoint")
        counted = Subquery(dead.annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).select_related("partner").annotate(dead=Coalesce(counted, 0))

    def get_urls(self) -> list[URLPattern]:
        views = {"again": self.again_view, "on": self.on_view, "off": self.off_view}
        return [
            *(
                path(f"<int:pk>/{name}/", self.admin_site.admin_view(require_POST(view)), name=f"loans_endpoint_{name}")
                for name, view in views.items()
            ),
            *super().get_urls(),
        ]

    @admin.display(description=_("host"))
    def host(self, row: Endpoint) -> str:
        return host_of(row)

    @admin.display(description=_("standing"))
    def standing(self, row: Endpoint) -> SafeString:
        if row.disabled_at:
            return chip(gettext("off"), "danger")
        if row.resting_until and row.resting_until > timezone.now():
            return chip(gettext("rests after failures"), "warn")
        return chip(gettext("on"), "good")

    @admin.display(description=_("given up"))
    def given_up(self, row: Endpoint) -> int:
        return int(getattr(row, "dead", 0))

    @admin.display(description=_("levers"))
    def buttons(self, row: Endpoint) -> SafeString:
        name = "on" if row.disabled_at else "off"
        words = gettext("Switch on") if row.disabled_at else gettext("Switch off")
        switch = button(reverse(f"admin:loans_endpoint_{name}", args=[row.pk]), words, f"{words}: {host_of(row)}")
        if not self.given_up(row):
            return switch
        again = gettext("Send all again")
        address = reverse("admin:loans_endpoint_again", args=[row.pk])
        return format_html("{} {}", switch, button(address, again, f"{again}: {host_of(row)}"))

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try all that it did not take from the start."""
        row = self._to_change(request, pk)
        with transaction.atomic():
            count = send_again_to(row.pk, now=timezone.now())
            self.log_change(request, row, f"Sent {count} events again.")
        say(request, count)
        return redirect("admin:loans_endpoint_changelist")

    def on_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._switched(request, pk, on=True)

    def off_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._switched(request, pk, on=False)

    def _switched(self, request: HttpRequest, pk: int, *, on: bool) -> HttpResponse:
        row, now = self._to_change(request, pk), timezone.now()
        with transaction.atomic():
            moved = endpoints.enable(row.pk) if on else endpoints.disable(row.pk, why="by hand", now=now)
            if moved:
                self.log_change(request, row, "Switched on." if on else "Switched off.")
        messages.success(request, _said_of(on))
        if on and row.disabled_at and row.disabled_at + LONGEST_OFF <= now:
            messages.warning(request, _not_posted(row.disabled_at + LONGEST_OFF))
        return redirect("admin:loans_endpoint_changelist")

    def _to_change(self, request: HttpRequest, pk: int) -> Endpoint:
        row: Endpoint = get_object_or_404(self.get_queryset(request), pk=pk)
        if not request.user.has_perm("loans.change_endpoint"):
            raise PermissionDenied
        return row


def _said_of(on: bool) -> str:
    if on:
        return gettext("Switched on: what waits for it is posted now.")
    days = LONGEST_OFF.days
    return ngettext(
        "Switched off: what happens within %d day waits.", "Switched off: what happens within %d days waits.", days
    ) % (days,)


def _not_posted(since: datetime) -> str:
    """Of one that was off for longer than events wait."""
    since_then = date_format(timezone.localtime(since), "DATETIME_FORMAT")
    return gettext("What has happened since %s did not wait: the firm asks for it, or replay_outward posts it.") % (
        since_then,
    )
