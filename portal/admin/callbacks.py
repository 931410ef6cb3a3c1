"""What providers sent to us, as it came: a list without the bytes, and each with its bytes masked."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from notifications.heard import PARSERS
from notifications.models import Callback, Delivery, Receipt
from notifications.signatures import delivery_id_of
from portal.admin.raw import MOST_SHOWN, masked_raw
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter

READ_OUT = 50
"""Receipts that are listed beside the bytes."""


class CallbackStandingFilter(StandingFilter):
    """All, or those that nobody has read yet."""

    waiting = _("all")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("not read yet"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Callback]") -> "QuerySet[Callback]":
        return queryset.filter(applied_at=None) if self.value() == "waiting" else queryset


@admin.register(Callback)
class CallbackAdmin(ReadOnlyAdmin[Callback]):
    """Also those that hold no receipt of ours."""

    list_display = ["__str__", "provider", "received_at", "applied_at"]
    list_filter = [CallbackStandingFilter, "provider"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Callback]":
        return super().get_queryset(request).defer("raw")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One message with what was read out of it."""
        callback = self.viewed(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        ids = _deliveries_named(callback)
        read_out = Receipt.objects.filter(delivery__in=ids, callback=callback).select_related("delivery")
        context = {
            **self.admin_site.each_context(request),
            "title": str(callback),
            "opts": self.opts,
            "callback": callback,
            "receipts": list(read_out.order_by("pk")[:READ_OUT]),
            "raw": masked_raw(callback.raw, _addresses(ids)),
            "size": len(callback.raw),
            "most_shown": MOST_SHOWN,
        }
        return TemplateResponse(request, "admin/desk/callback.html", context)


def _deliveries_named(callback: Callback) -> list[int]:
    """The deliveries that its bytes name, read anew: receipts have no index by callback."""
    parse = PARSERS.get(callback.provider)
    try:
        records = parse(bytes(callback.raw)) if parse else []
    except Exception:
        return []
    return [found for record in records if (found := delivery_id_of(record.reference))]


def _addresses(delivery_ids: list[int]) -> list[str | None]:
    """Where these went, and how else their borrowers can be reached."""
    told = Delivery.objects.filter(pk__in=delivery_ids)
    rows = told.values_list("address", "prompt__borrower__phone", "prompt__borrower__email").distinct()
    return [address for row in rows for address in row]
