"""Providers' receipts, and the raw bytes of each as text that nobody's address can be read from."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from notifications.evidence.raw import mask_keys
from notifications.models import Receipt
from portal.admin.cells import chip
from portal.admin.finding_rows import find_lately
from portal.admin.raw import MOST_SHOWN, masked_raw
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.timeline_told import channel_of, subjects


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyAdmin[Receipt]):
    """Also those that belong to no delivery of ours."""

    list_display = ["received_at", "channel", "kind_chip", "words", "delivery", "moved"]
    list_filter = ["channel", "kind", "moved"]
    ordering = ["-pk"]
    search_fields = ["pk"]
    search_help_text = _("Provider's reference (recent messages)")
    found_by = staticmethod(find_lately)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Receipt]":
        return super().get_queryset(request).select_related("delivery")

    @admin.display(description=_("kind"), ordering="kind")
    def kind_chip(self, receipt: Receipt) -> str:
        tone = {Receipt.Kind.DELIVERED: "good", Receipt.Kind.FAILED: "danger"}.get(Receipt.Kind(receipt.kind), "")
        return chip(receipt.get_kind_display(), tone)

    @admin.display(description=_("provider's words"))
    def words(self, receipt: Receipt) -> str:
        known = [receipt.delivery.address] if receipt.delivery else []
        return mask_text(f"{receipt.provider_word} {receipt.reason}".strip(), known)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One receipt with its raw bytes, masked."""
        receipt = self.viewed(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        found = Receipt.objects.select_related(
            "callback", "delivery__prompt__borrower", *subjects("delivery__prompt__")
        )
        receipt = found.get(pk=receipt.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": str(receipt),
            "opts": self.opts,
            "receipt": receipt,
            "words": self.words(receipt),
            "provider_reference": mask_keys(receipt.provider_reference),
            "channel": channel_of(receipt.delivery) if receipt.delivery else receipt.get_channel_display(),
            "raw": raw_text(receipt),
            "size": len(receipt.callback.raw),
            "most_shown": MOST_SHOWN,
        }
        return TemplateResponse(request, "admin/desk/receipt.html", context)


def raw_text(receipt: Receipt) -> str | None:
    """The first MOST_SHOWN bytes as text, masked: known addresses of its borrower, and whatever looks like one; None
    where they cannot be masked.
    """
    known: list[str | None] = []
    if receipt.delivery:
        borrower = receipt.delivery.prompt.borrower
        known = [receipt.delivery.address, borrower.phone, borrower.email]
    return masked_raw(receipt.callback.raw, known)
