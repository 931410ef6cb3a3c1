"""Outages of firms: declared and ended by operators, and the list of whom each of them touched."""

import re
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.requests import SignedInRequest
from loans.models import Outage, Partner
from loans.outages import OutageDoubt, OverAlreadyError, declare_outage, doubt_outage, end_outage, fits_a_loan
from notifications import tasks
from portal.admin.outage_holds import touched_csv
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter

if TYPE_CHECKING:
    _OutageForm = forms.ModelForm[Outage]
else:
    _OutageForm = forms.ModelForm


_CURRENCY: Final = re.compile("[A-Z]{3}")
"""ISO 4217, as the database keeps it."""
_DOUBTED: Final = {
    OutageDoubt.BEGAN_LONG_AGO: "starts_at",
    OutageDoubt.BEGINS_FAR_AHEAD: "starts_at",
    OutageDoubt.TOO_LONG: "ends_at",
}
_DOUBTS: Final = {
    OutageDoubt.BEGAN_LONG_AGO: _("It began more than 31 days ago: is the year right?"),
    OutageDoubt.BEGINS_FAR_AHEAD: _("It begins more than a year from now: is the year right?"),
    OutageDoubt.TOO_LONG: _("It lasts longer than 31 days: is the year right? Leave the end empty where nobody knows."),
}


class OutageForm(_OutageForm):
    """Whom it touches: what is left empty fits all. Times are on the operator's clock."""

    partner = forms.ModelChoiceField(Partner.objects.order_by("kind", "name"), label=_("partner"))
    counterpart = forms.ModelChoiceField(
        Partner.objects.order_by("kind", "name"), label=_("only with this other firm"), required=False
    )
    starts_at = forms.DateTimeField(label=_("starts"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends_at = forms.DateTimeField(
        label=_("ends"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("Empty: until somebody ends it."),
    )

    class Meta:
        model = Outage
        fields = ("partner", "counterpart", "product", "currency", "starts_at", "ends_at", "grace_hours", "reason")

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if currency and not _CURRENCY.fullmatch(currency):
            raise ValidationError(_("A currency is written as three letters: CNY."))
        return currency

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        starts_at, ends_at = said.get("starts_at"), said.get("ends_at")
        if starts_at and ends_at and ends_at < starts_at:
            raise ValidationError({"ends_at": _("It ends before it starts.")})
        doubt = doubt_outage(starts_at, ends_at, said_at=timezone.now()) if starts_at else None
        if doubt:
            raise ValidationError({_DOUBTED[doubt]: _DOUBTS[doubt]})
        self._refuse_again(said)
        return said

    def _refuse_again(self, said: dict[str, Any]) -> None:
        """One that lasts has nothing to be said again: a page that is slow, or a wrong end, must not make two of it."""
        if not said.get("partner") or not said.get("starts_at"):
            return
        # Who presses twice waits here for the first press to be kept.
        Partner.objects.select_for_update(no_key=True).get(pk=said["partner"].pk)
        now, scope = (
            timezone.now(),
            {name: said.get(name) for name in ("partner", "counterpart", "product", "currency")},
        )
        lasting = Outage.objects.not_over(now).filter(**scope, starts_at__lte=max(said["starts_at"], now))
        there = lasting.filter(Q(ends_at=None) | Q(ends_at__gt=said["starts_at"])).select_related("declared_by").first()
        if there:
            raise ValidationError(
                _("It is declared already: outage #%(number)d, by %(who)s. End that one first."),
                params={"number": there.pk, "who": there.declared_by or there.partner},
            )


class OutageStandingFilter(StandingFilter):
    """Those that are not over, unless asked otherwise."""

    waiting = _("not over")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("over", _("over")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Outage]") -> "QuerySet[Outage]":
        if self.value() == "all":
            return queryset
        if self.value() == "over":
            return queryset.filter(ends_at__lte=timezone.now())
        return queryset.not_over(timezone.now())  # type: ignore[attr-defined,no-any-return]


@admin.register(Outage)
class OutageAdmin(ReadOnlyAdmin[Outage]):
    """Adding one declares it, the button beside it ends it."""

    form = OutageForm
    change_form_template = "admin/desk/outage.html"
    list_display = ["firms", "scope", "starts_at", "ends_at", "touched", "reason", "end_button"]
    list_filter = [OutageStandingFilter, "partner"]
    ordering = ["-starts_at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Outage]":
        rows = super().get_queryset(request).select_related("partner", "counterpart", "declared_by", "ended_by")
        return rows.annotate(touched_count=Count("holds"))

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(require_POST(self.end_view))
        touched = self.admin_site.admin_view(require_safe(self.csv_view))
        return [
            path("<int:outage_id>/end/", end, name="loans_outage_end"),
            path("<int:outage_id>/touched.csv", touched, name="loans_outage_csv"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("loans.add_outage")

    def get_fields(self, request: HttpRequest, obj: Outage | None = None) -> Any:
        declared = ["firms", "scope", "starts_at", "ends_at", "grace_hours", "reason", "declared_at", "declared_by",
                    "ended_by", "touched"]  # fmt: skip
        return OutageForm.Meta.fields if obj is None else declared

    @admin.display(description=_("firms"))
    def firms(self, row: Outage) -> str:
        return f"{row.partner} · {row.counterpart}" if row.counterpart else str(row.partner)

    @admin.display(description=_("what it touches"))
    def scope(self, row: Outage) -> str:
        return " · ".join(filter(None, [row.product, row.currency])) or gettext("everything")

    @admin.display(description=_("installments touched"))
    def touched(self, row: Outage) -> SafeString:
        listed = reverse("admin:loans_outagehold_changelist") + f"?outage__id__exact={row.pk}"
        table = reverse("admin:loans_outage_csv", args=[row.pk])
        return format_html('<a href="{}">{}</a> <a href="{}">CSV</a>', listed, vars(row)["touched_count"], table)

    @admin.display(description=_("end"))
    def end_button(self, row: Outage) -> SafeString | str:
        """The button posts the list's own form, whose token it needs, to another address."""
        if row.ends_at and row.ends_at <= timezone.now():
            return ""
        address, label = reverse("admin:loans_outage_end", args=[row.pk]), gettext("End the outage of %s") % row.partner
        return format_html(
            '<button type="submit" class="small-button" formaction="{}" aria-label="{}">{}</button>',
            *(address, label, gettext("End")),
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {"title": gettext("Declare an outage")} | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        over = (row := kwargs.get("obj")) is not None and bool(row.ends_at and row.ends_at <= timezone.now())
        context["may_end"] = request.user.has_perm("loans.change_outage") and not over
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: Any, obj: Outage, form: Any, change: bool) -> None:
        """The row that `declare_outage` makes is the one that was asked for; workers hold what it touches."""
        said = {name: form.cleaned_data[name] for name in OutageForm.Meta.fields}
        made = declare_outage(**said, now=timezone.now(), by=request.user, touch=False)
        obj.__dict__.update(made.__dict__)
        transaction.on_commit(tasks.wake_outages, robust=True)
        messages.info(
            request, gettext("What it touches is being held and told now: the list says how many, in a moment.")
        )
        if not fits_a_loan(made):
            words = gettext("No loan fits it now: are firms, product and currency those that the loans have?")
            messages.warning(request, words)

    def end_view(self, request: SignedInRequest, outage_id: int) -> HttpResponse:
        row = get_object_or_404(Outage, pk=outage_id)
        if not request.user.has_perm("loans.change_outage"):
            raise PermissionDenied
        try:
            with transaction.atomic():
                end_outage(row.pk, now=timezone.now(), by=request.user)
                self.log_change(request, row, "Ended.")
        except OverAlreadyError:
            messages.error(request, gettext("This outage is over already."))
        else:
            messages.success(request, gettext("Ended. What it held is held until its hours to pay are over."))
        return redirect("admin:loans_outage_changelist")

    def csv_view(self, request: SignedInRequest, outage_id: int) -> StreamingHttpResponse:
        """All that it touched: numbers of loans, and nothing personal."""
        row = get_object_or_404(Outage, pk=outage_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        name = f'attachment; filename="outage-{row.pk}.csv"'
        return StreamingHttpResponse(
            touched_csv(row), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )
