"""The kill switch: what is halted, by whom and why. A halt is thrown and lifted, never edited or deleted."""

from typing import TYPE_CHECKING, Any

from django import forms
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
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest
from loans.models import Partner
from notifications import tasks
from notifications.halting import AlreadyLiftedError, halt, lift, still_halting
from notifications.models import Delivery, Halt, Prompt
from portal.admin.cells import halted
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter

if TYPE_CHECKING:
    _HaltForm = forms.ModelForm[Halt]
else:
    _HaltForm = forms.ModelForm


class HaltForm(_HaltForm):
    """What to halt: what is left as it is halts everything."""

    channel = forms.ChoiceField(
        label=_("channel"), required=False, choices=[("", _("every channel")), *Delivery.Channel.choices]
    )
    kind = forms.ChoiceField(
        label=_("kind of prompt"), required=False, choices=[("", _("every kind")), *Prompt.Kind.choices]
    )
    partner = forms.ModelChoiceField(
        Partner.objects.order_by("kind", "name"),
        label=_("partner"),
        required=False,
        empty_label=_("every partner"),
        help_text=_("The loans that it funds or sold."),
    )
    reason = forms.CharField(
        label=_("reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"size": 60}),
        help_text=_("Who reads of it later must know why nothing went out."),
    )

    class Meta:
        model = Halt
        fields = ("channel", "kind", "partner", "reason")


class HaltStandingFilter(StandingFilter):
    """In force unless asked otherwise."""

    waiting = _("in force")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("lifted", _("lifted")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Halt]") -> "QuerySet[Halt]":
        if self.value() == "all":
            return queryset
        return queryset.filter(ended_at__isnull=self.value() != "lifted")


@admin.register(Halt)
class HaltAdmin(ReadOnlyAdmin[Halt]):
    """Adding one throws the switch, the button beside it lifts it."""

    form = HaltForm
    change_form_template = "admin/desk/halt.html"
    list_display = ["what", "reason", "since", "by", "ended_at", "ended_by", "lift_button"]
    list_filter = [HaltStandingFilter]
    ordering = ["-since", "-pk"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Halt]":
        return super().get_queryset(request).select_related("partner", "by", "ended_by")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.lift_view))
        return [path("<int:halt_id>/lift/", view, name="notifications_halt_lift"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.add_halt")

    def get_fields(self, request: HttpRequest, obj: Halt | None = None) -> Any:
        thrown = ["what", "reason", "since", "by", "ended_at", "ended_by"]
        return ["channel", "kind", "partner", "reason"] if obj is None else thrown

    @admin.display(description=_("what is halted"))
    def what(self, row: Halt) -> str:
        return halted(row)

    @admin.display(description=_("lift"))
    def lift_button(self, row: Halt) -> SafeString | str:
        """The button posts the list's own form, whose token it needs, to another address."""
        if row.ended_at:
            return ""
        address = reverse("admin:notifications_halt_lift", args=[row.pk])
        label = gettext("Lift the halt of %s") % halted(row)
        return format_html(
            '<button type="submit" class="small-button" formaction="{}" aria-label="{}">{}</button>',
            *(address, label, gettext("Lift")),
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False, "title": gettext("Halt")}
        return super().add_view(request, form_url, buttons | (extra_context or {}))

    def save_model(self, request: Any, obj: Halt, form: Any, change: bool) -> None:
        """`obj` becomes the halt that was thrown, now or by whoever was first."""
        now = timezone.now()
        thrown = halt(
            reason=obj.reason,
            by=request.user,
            now=now,
            channel=obj.channel,
            kind=obj.kind,
            partner=obj.partner,
        )
        obj.pk, obj.since, obj.by = thrown.pk, thrown.since, thrown.by
        if thrown.since == now:
            messages.warning(request, gettext("Halted. What is being handed over this moment still goes out."))
        else:
            messages.warning(request, gettext("This is halted already, by halt #%d. There is no second one.") % obj.pk)

    def response_add(self, request: HttpRequest, obj: Halt, post_url_continue: str | None = None) -> HttpResponse:
        return redirect("admin:index")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_lift = {"may_lift": request.user.has_perm("notifications.change_halt")}
        return super().change_view(request, object_id, form_url, may_lift | (extra_context or {}))

    def lift_view(self, request: SignedInRequest, halt_id: int) -> HttpResponse:
        """Let what waits go out again; of two operators at once, one is told that it is lifted already."""
        row = get_object_or_404(self.get_queryset(request), pk=halt_id)
        if not request.user.has_perm("notifications.change_halt"):
            raise PermissionDenied
        try:
            with transaction.atomic():
                lift(halt_id, by=request.user, now=timezone.now())
                self.log_change(request, row, "Lifted.")
                transaction.on_commit(tasks.wake_senders, robust=True)
        except AlreadyLiftedError:
            messages.error(request, gettext("This halt was lifted before; nothing was changed."))
        else:
            _say_lifted(request, halt_id)
        return redirect("admin:index")


def _say_lifted(request: HttpRequest, halt_id: int) -> None:
    others = still_halting([halt_id])
    if not others:
        messages.success(request, gettext("Lifted: what waited goes out now, unless its time has passed."))
        return
    named = ", ".join(f"#{one.pk} ({halted(one)})" for one in others)
    messages.warning(request, gettext("Lifted, but some or all of it is still held by other halts: %s.") % named)
