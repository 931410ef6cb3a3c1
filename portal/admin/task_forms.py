"""What an agent fills in on a task, and how the queue of tasks is narrowed down."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.calling import may_be_called
from notifications.clock import Clock
from notifications.models import AgentTask
from portal.admin.own_words import without_addresses
from portal.admin.standing import StandingFilter


class OutcomeForm(forms.Form):
    """What came of `task`, for the record."""

    def __init__(self, task: AgentTask, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._borrower = task.borrower
        choices = [(one.value, one.label) for one in task.outcomes]
        self.fields["outcome"] = forms.ChoiceField(
            label=_("What came of it"),
            choices=choices,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose what came of it.")},
        )

    outcome = forms.ChoiceField(
        label=_("What came of it"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what came of it.")},
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("How and when you told them, or what you tried. No phone numbers or addresses."),
        error_messages={"required": _("Write down how it went: the note is the proof.")},
    )

    def clean_note(self) -> str:
        return without_addresses(self.cleaned_data["note"], self._borrower)


class TaskStandingFilter(StandingFilter):
    """Open unless asked otherwise."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("now", _("may be called now")),
            ("late", _("late")),
            ("mine", _("mine")),
            ("free", _("nobody's")),
            ("done", _("done")),
        ]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[AgentTask]") -> "QuerySet[AgentTask]":
        open_tasks = queryset.filter(status=AgentTask.Status.OPEN)
        match self.value():
            case "done":
                return queryset.filter(status=AgentTask.Status.DONE).order_by("-done_at")
            case "now":
                return open_tasks.filter(may_be_called(Clock.at(timezone.now())))
            case "late":
                return open_tasks.filter(act_by__lt=timezone.now())
            case "mine":
                return open_tasks.filter(assignee=request.user.pk)
            case "free":
                return open_tasks.filter(assignee=None)
        return open_tasks
