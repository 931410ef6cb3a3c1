"""What should hold and does not, opened and closed by sweeps."""

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.requests import SignedInRequest
from notifications.agent_tasks import TaskNotYoursError
from notifications.alarm_tasks import REASONS, NothingToTellError, take_up, tasks_about
from notifications.alarms import ClosedBeforeError, close_by_hand, opened_with
from notifications.models import Alarm
from portal.admin.alarm_words import about, wrong
from portal.admin.cells import chip, person_link
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter


class AlarmStandingFilter(StandingFilter):
    """Open unless asked otherwise."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("closed", _("closed")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Alarm]") -> "QuerySet[Alarm]":
        if self.value() == "all":
            return queryset
        return queryset.filter(closed_at__isnull=self.value() != "closed")


class ReasonForm(forms.Form):
    """Why an alarm is closed although its firm has not mended it."""

    because = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs={"size": 60}),
        error_messages={"required": _("Write down how it went: the note is the proof.")},
    )
    together = forms.BooleanField(required=False)

    def __init__(self, alarm: Alarm, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["because"].help_text = str(_WHAT_TO_WRITE.get(Alarm.Kind(alarm.kind), ""))
        self.others = opened_with(alarm).count()
        words = ngettext(
            "The same holds for %(others)d other that was opened with it: close it, too.",
            "The same holds for all %(others)d others that were opened with it: close them, too.",
            self.others,
        )
        self.fields["together"].label = words % {"others": self.others}


_WHAT_TO_WRITE: Final[dict[str, Promise]] = {
    Alarm.Kind.STATEMENT: _("What the bank said: that the statement will not come, or why it is as it is."),
    Alarm.Kind.DOUBTED: _("What the bank said: that it booked no such payment."),
    Alarm.Kind.UNTOLD: _("How it came about, and what the borrower was told since."),
}


@admin.register(Alarm)
class AlarmAdmin(ReadOnlyAdmin[Alarm]):
    """An alarm closes when the next sweep finds that it holds again; those of BY_HAND by an agent's word."""

    change_form_template = "admin/desk/alarm.html"
    list_display = ["opened_at", "kind_chip", "about", "wrong", "borrower_link", "due_on", "closed_at"]
    list_filter = [AlarmStandingFilter, "kind"]
    ordering = ["-opened_at", "-pk"]
    fields = [
        "kind_chip", "about", "borrower_link", "due_on", "wrong", "opened_at", "closed_at", "closed_by",
        "closed_because",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Alarm]":
        return super().get_queryset(request).select_related("borrower", "closed_by")

    def get_urls(self) -> list[URLPattern]:
        take_it = self.admin_site.admin_view(require_POST(self.take_view))
        return [path("<int:alarm_id>/take/", take_it, name="notifications_alarm_take"), *super().get_urls()]

    @admin.display(description=_("kind"), ordering="kind")
    def kind_chip(self, alarm: Alarm) -> SafeString:
        return chip(alarm.get_kind_display(), "danger" if alarm.closed_at is None else "")

    @admin.display(description=_("borrower"))
    def borrower_link(self, alarm: Alarm) -> SafeString | str:
        return person_link(alarm.borrower) if alarm.borrower else gettext("nobody in particular")

    @admin.display(description=_("what is wrong"))
    def wrong(self, alarm: Alarm) -> str:
        return wrong(alarm)

    @admin.display(description=_("about"), ordering="subject")
    def about(self, alarm: Alarm) -> SafeString | str:
        return about(alarm)

    def change_view(
        self, request: Any, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """GET shows it, POST closes one that no program can, with a reason."""
        alarm = self.viewed(request, object_id)
        may_close = request.user.has_perm("notifications.change_alarm") and alarm.kind in Alarm.BY_HAND
        form = ReasonForm(alarm, request.POST or None)
        if request.method == "POST":
            if not may_close:
                raise PermissionDenied
            if form.is_valid():
                return self._close(request, alarm, **form.cleaned_data)
            request.method = "GET"  # nothing else of the page may be written
        is_open = alarm.closed_at is None
        may_take = is_open and self.may_take(request, alarm)
        more = {"reason_form": form, "may_close": may_close and is_open, "may_take": may_take}
        more["tasks_about"] = tasks_about(alarm) if alarm.kind in REASONS else ()
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def may_take(self, request: SignedInRequest, alarm: Alarm) -> bool:
        """Whoever may work on tasks, where somebody else is to be called."""
        is_theirs = alarm.borrower_id == request.user.pk
        return alarm.kind in REASONS and request.user.has_perm("notifications.change_agenttask") and not is_theirs

    def take_view(self, request: SignedInRequest, alarm_id: int) -> HttpResponse:
        alarm = get_object_or_404(self.get_queryset(request), pk=alarm_id)
        if not self.may_take(request, alarm):
            raise PermissionDenied
        try:
            task = take_up(alarm_id=alarm_id, agent=request.user, now=timezone.now())
        except (NothingToTellError, TaskNotYoursError) as obstacle:
            messages.error(request, str(obstacle))
            return redirect("admin:notifications_alarm_change", alarm_id)
        self.log_change(request, alarm, f"Taken up: task {task.pk}.")
        return redirect("admin:notifications_agenttask_change", task.pk)

    def _close(self, request: Any, alarm: Alarm, *, because: str, together: bool) -> HttpResponse:
        said: dict[str, Any] = {"by": request.user, "because": because, "now": timezone.now()}
        try:
            with transaction.atomic():
                closed = close_by_hand(alarm.pk, **said, together=together)
                self.log_change(request, alarm, f"Closed, {closed - 1} others with it." if closed > 1 else "Closed.")
        except ClosedBeforeError:
            messages.error(request, gettext("This alarm was closed before; nothing was changed."))
        else:
            several = gettext("%(closed)d alarms are closed and on record.") % {"closed": closed}
            messages.success(request, several if closed > 1 else gettext("Closed and on record."))
        return redirect("admin:notifications_alarm_changelist")
