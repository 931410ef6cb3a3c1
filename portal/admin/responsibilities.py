"""Who has to send prompts: rules that operators add. One that is to hold no longer gets a later one in its place."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from loans.models import Loan, Partner
from notifications.models import Responsibility, Sender
from portal.admin.read_only import ReadOnlyAdmin

if TYPE_CHECKING:
    _Form = forms.ModelForm[Responsibility]
else:
    _Form = forms.ModelForm

JUST_NOW: Final = timedelta(minutes=5)


class ResponsibilityForm(_Form):
    """For one loan, by its number, or for the loans of firms. What is left empty fits all."""

    loan_number = forms.CharField(
        label=_("loan number"),
        required=False,
        max_length=64,
        help_text=_("For one loan alone. Name its bank, too, where several have a loan of this number."),
    )
    bank = forms.ModelChoiceField(
        Partner.objects.filter(kind=Partner.Kind.BANK).order_by("name"), label=_("bank"), required=False
    )
    platform = forms.ModelChoiceField(
        Partner.objects.filter(kind=Partner.Kind.PLATFORM).order_by("name"), label=_("platform"), required=False
    )
    kind = forms.ChoiceField(
        label=_("kind of prompt"), required=False, choices=[("", _("every kind")), *Responsibility.Kind.choices]
    )
    valid_from = forms.DateTimeField(
        label=_("valid from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("Empty: from now on. What is planned already stays as it is."),
    )

    class Meta:
        model = Responsibility
        fields = ("bank", "platform", "product", "kind", "responsible", "hours", "backup", "backup_hours", "valid_from")

    def clean_valid_from(self) -> Any:
        now = timezone.now()
        asked = self.cleaned_data["valid_from"] or now
        if asked < now - JUST_NOW:
            raise ValidationError(_("This lies in the past: what held then stays as it was."))
        return asked

    def clean(self) -> dict[str, Any]:
        """The portal has no hours, and neither has a firm that does not come."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("responsible") == Sender.PORTAL:
            said |= {"hours": 0, "backup": Sender.PORTAL}
        if said.get("backup") == Sender.PORTAL:
            said["backup_hours"] = 0
        if number := said.get("loan_number", "").strip():
            self.instance.loan = _loan(number, said.get("bank"))
            said |= {"bank": None, "platform": None, "product": ""}
        elif not said.get("bank") and not said.get("platform"):
            raise ValidationError(_("Name one loan and nothing else, or a bank, a platform or both."))
        return said


def _loan(number: str, bank: Partner | None) -> Loan:
    loans = Loan.objects.filter(external_id=number)
    found = list((loans.filter(bank=bank) if bank else loans)[:2])
    if len(found) == 1:
        return found[0]
    words = _("Several banks have a loan of this number: name its bank.") if found else _("There is no such loan.")
    raise ValidationError({"loan_number": words})


@admin.register(Responsibility)
class ResponsibilityAdmin(ReadOnlyAdmin[Responsibility]):
    """The newest first; the most specific one that has begun holds (docs/operations.md)."""

    form = ResponsibilityForm
    change_form_template = "admin/desk/responsibility.html"
    list_display = ["scope", "kind_words", "sender", "then", "valid_from", "made_by"]
    list_filter = ["bank", "platform", "responsible"]
    ordering = ["-valid_from", "-pk"]
    search_fields = ["=loan__external_id"]
    search_help_text = _("Loan number")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Responsibility]":
        return super().get_queryset(request).select_related("loan", "bank", "platform", "made_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.add_responsibility")

    def get_fields(self, request: HttpRequest, obj: Responsibility | None = None) -> Any:
        shown = ["scope", "kind_words", "sender", "then", "valid_from", "made_at", "made_by"]
        return ["loan_number", *ResponsibilityForm.Meta.fields] if obj is None else shown

    @admin.display(description=_("loans"))
    def scope(self, row: Responsibility) -> str:
        if row.loan:
            return gettext("loan %s") % row.loan.external_id
        return " · ".join(str(part) for part in (row.bank, row.platform, row.product) if part)

    @admin.display(description=_("kind of prompt"))
    def kind_words(self, row: Responsibility) -> str:
        return row.get_kind_display() if row.kind else gettext("every kind")

    @admin.display(description=_("who must send"))
    def sender(self, row: Responsibility) -> str:
        return _within(row.get_responsible_display(), row.hours)

    @admin.display(description=_("then"))
    def then(self, row: Responsibility) -> str:
        if row.responsible == Sender.PORTAL:
            return ""
        portal = str(Sender.PORTAL.label)
        return (
            portal
            if row.backup == Sender.PORTAL
            else f"{_within(row.get_backup_display(), row.backup_hours)}; {portal}"
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": gettext("Say who must send prompts")}
        return super().add_view(request, form_url, title | (extra_context or {}))

    def save_model(self, request: Any, obj: Responsibility, form: Any, change: bool) -> None:
        obj.made_by, obj.made_at = request.user, timezone.now()
        super().save_model(request, obj, form, change)


def _within(firm: str, hours: int) -> str:
    span = ngettext("%d hour", "%d hours", hours) % hours
    return f"{firm} ({span})" if hours else firm
