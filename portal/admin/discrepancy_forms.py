"""What an agent writes about a discrepancy, and how the queue of them is narrowed down."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from loans.models import Difference, Discrepancy
from portal.admin.standing import StandingFilter


class WordsForm(forms.Form):
    """A note, or the reason of an end by hand."""

    words = forms.CharField(
        label=_("Note or reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What you found out, or why it is closed although the firms differ."),
        error_messages={"required": _("Write down how it went: the note is the proof.")},
    )


class DiscrepancyStandingFilter(StandingFilter):
    """Open unless asked otherwise."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("late", _("late")), ("mine", _("mine")), ("free", _("nobody's")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Discrepancy]") -> "QuerySet[Discrepancy]":
        still_open = queryset.filter(closed_at=None)
        match self.value():
            case "closed":
                return queryset.filter(closed_at__isnull=False).order_by("-closed_at")
            case "late":
                return still_open.filter(due_by__lt=timezone.now())
            case "mine":
                return still_open.filter(holder=request.user.pk)
            case "free":
                return still_open.filter(holder=None)
        return still_open


class DifferenceKindFilter(StandingFilter):
    """What the firms differ about."""

    title = _("kind")
    parameter_name = "about"
    waiting = _("all")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.value, kind.label) for kind in Difference.Kind]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Discrepancy]") -> "QuerySet[Discrepancy]":
        kind = self.value()
        return queryset.filter(difference__kind=kind) if kind in Difference.Kind.values else queryset
