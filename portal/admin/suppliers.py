"""How the providers behind the channels are doing."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.models import Supplier
from portal.admin.cells import chip
from portal.admin.now_levers import passed_over
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.reasons import provider_words
from portal.admin.standing import StandingFilter
from portal.admin.supplier_rates import drawn_rates, legend


class SupplierStandingFilter(StandingFilter):
    """All, or those that are passed over."""

    waiting = _("all")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("paused", _("passed over"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Supplier]") -> "QuerySet[Supplier]":
        if self.value() != "paused":
            return queryset
        return queryset.filter(pk__in=passed_over(timezone.now()).order_by().values("pk"))


@admin.register(Supplier)
class SupplierAdmin(ReadOnlyAdmin[Supplier]):
    """One is here once it has failed or said what arrives; what became of messages moves it, and nobody by hand. What
    became of the messages of all stands above the list.
    """

    change_list_template = "admin/desk/suppliers.html"
    list_display = ["name", "standing", "paused_until", "strikes", "reason", "changed_at"]
    list_filter = [SupplierStandingFilter]
    ordering = ["name"]
    fields = ["name", "standing", "paused_until", "strikes", "reason", "changed_at"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {"rates": drawn_rates(timezone.now()), "legend": legend()}
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=_("standing"))
    def standing(self, supplier: Supplier) -> SafeString:
        away = supplier.paused_until is not None and supplier.paused_until > timezone.now()
        return chip(gettext("passed over"), "danger") if away else chip(gettext("in use"), "good")

    @admin.display(description=_("why"))
    def reason(self, supplier: Supplier) -> str:
        return provider_words(supplier.why)
