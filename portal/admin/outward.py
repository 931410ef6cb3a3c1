"""What partners are told: what they did not take, and sending it again."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from loans.models import Endpoint, OutwardDelivery
from loans.outward.payload import body_of, event_as_json
from loans.outward.replaying import send_again
from portal.admin.cells import chip
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter

Status = OutwardDelivery.Status
TONES = {Status.DELIVERED: "good", Status.DEAD: "danger", Status.WAITING: "", Status.SENDING: ""}


def host_of(endpoint: Endpoint) -> str:
    """The host of its address alone: path and query may hold a secret of the partner's."""
    return urlsplit(endpoint.url).netloc


def button(address: str, words: str, label: str) -> SafeString:
    """A button that posts the list's own form, whose token it needs, to another address."""
    return format_html(
        '<button type="submit" class="small-button" formaction="{}" aria-label="{}">{}</button>', address, label, words
    )


class DeliveryStandingFilter(StandingFilter):
    """Those that were given up, unless asked otherwise."""

    waiting = Status.DEAD.label

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*(choice for choice in Status.choices if choice[0] != Status.DEAD), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[OutwardDelivery]") -> "QuerySet[OutwardDelivery]":
        if self.value() == "all":
            return queryset
        return queryset.filter(status=self.value() or Status.DEAD)


@admin.register(OutwardDelivery)
class OutwardDeliveryAdmin(ReadOnlyAdmin[OutwardDelivery]):
    """The dead letters; a button tries one again from the start."""

    list_display = [
        "event_number",
        "told",
        "partner",
        "host",
        "standing",
        "attempts",
        "why",
        "next_attempt_at",
        "again",
    ]
    list_filter = [DeliveryStandingFilter]
    ordering = ["-pk"]
    fields = ["told", "partner", "host", "standing", "attempts", "why", "next_attempt_at", "delivered_at", "body"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[OutwardDelivery]":
        return super().get_queryset(request).select_related("event", "endpoint__partner")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<int:pk>/again/", view, name="loans_outwarddelivery_again"), *super().get_urls()]

    @admin.display(description=_("event"), ordering="event")
    def event_number(self, row: OutwardDelivery) -> int:
        return row.event_id

    @admin.display(description=_("what"))
    def told(self, row: OutwardDelivery) -> str:
        return row.event.get_kind_display()

    @admin.display(description=_("partner"))
    def partner(self, row: OutwardDelivery) -> str:
        return row.endpoint.partner.name

    @admin.display(description=_("endpoint"))
    def host(self, row: OutwardDelivery) -> str:
        return host_of(row.endpoint)

    @admin.display(description=_("standing"))
    def standing(self, row: OutwardDelivery) -> SafeString:
        return chip(row.get_status_display(), TONES[Status(row.status)])

    @admin.display(description=_("why"))
    def why(self, row: OutwardDelivery) -> str:
        return row.reason

    @admin.display(description=_("what is posted"))
    def body(self, row: OutwardDelivery) -> SafeString:
        event = row.event
        posted = body_of(event_as_json(event.pk, event.kind, event.occurred_at, event.data))
        return format_html('<code class="wrap">{}</code>', posted)

    @admin.display(description=_("send again"))
    def again(self, row: OutwardDelivery) -> SafeString | str:
        if row.status != Status.DEAD:
            return ""
        label = gettext("Send event %s again") % row.event_id
        return button(reverse("admin:loans_outwarddelivery_again", args=[row.pk]), gettext("Send again"), label)

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if not request.user.has_perm("loans.change_outwarddelivery"):
            raise PermissionDenied
        with transaction.atomic():
            count = send_again([row.pk], now=timezone.now())
            if count:
                self.log_change(request, row, "Sent again.")
        say(request, count)
        return redirect("admin:loans_outwarddelivery_changelist")


def say(request: HttpRequest, count: int) -> None:
    said = ngettext("%d event is sent again.", "%d events are sent again.", count) % count
    messages.success(request, said) if count else messages.info(request, gettext("Nothing was given up any more."))
