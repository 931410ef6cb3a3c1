"""Other leads than the usual ones, for a partner or one of its products."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from loans.models import Partner
from notifications.leads import LeadsError, parse_leads, parse_stages
from notifications.models import LeadPlan

if TYPE_CHECKING:
    _LeadPlanAdmin = admin.ModelAdmin[LeadPlan]
    _LeadPlanForm = forms.ModelForm[LeadPlan]
else:
    _LeadPlanAdmin = admin.ModelAdmin
    _LeadPlanForm = forms.ModelForm


class LeadPlanForm(_LeadPlanForm):
    """Both lists are kept without blanks."""

    partner = forms.ModelChoiceField(Partner.objects.order_by("kind", "name"), label=_("partner"))
    upcoming = forms.CharField(
        label=_("days before the due date"), max_length=60, initial="7,3,1,0", help_text=_("0 is the due date itself.")
    )
    overdue = forms.CharField(label=_("days after the due date"), max_length=60, initial="1,3,7")

    class Meta:
        model = LeadPlan
        fields = ("partner", "product", "upcoming", "overdue")

    def clean_upcoming(self) -> str:
        return _listed(parse_leads, self.cleaned_data["upcoming"])

    def clean_overdue(self) -> str:
        return _listed(parse_stages, self.cleaned_data["overdue"])


def _listed(parse: Callable[[str], tuple[int, ...]], text: str) -> str:
    try:
        return ",".join(map(str, parse(text)))
    except LeadsError as error:
        raise ValidationError(str(error)) from error


@admin.register(LeadPlan)
class LeadPlanAdmin(_LeadPlanAdmin):
    """A plan holds from the next planning on; what is planned already stays."""

    form = LeadPlanForm
    list_display = ["partner", "product", "upcoming", "overdue"]
    list_display_links = ["partner", "product"]
    list_select_related = ["partner"]
    ordering = ["partner__name", "product"]
    actions = None
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[LeadPlan]":
        return super().get_queryset(request).select_related("partner")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, title | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        plan = self.get_object(request, object_id)
        title = {"title": f"{plan.partner} {plan.product}".strip(), "subtitle": None} if plan else {}
        return super().change_view(request, object_id, form_url, title | (extra_context or {}))
