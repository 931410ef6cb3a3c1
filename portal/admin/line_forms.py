"""What an agent fills in on a bank line, and how the queue of lines is narrowed down."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loans.intake.deciding import LONGEST_REASON
from loans.models import StatementLine
from portal.admin.standing import StandingFilter


class ReasonForm(forms.Form):
    """Why a line is no payment of any loan."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("It stays with the line."),
        error_messages={"required": _("Say why the line is set aside.")},
    )


class TakeBackForm(forms.Form):
    """Why a decision was wrong."""

    wrong = forms.CharField(
        label=_("What was wrong with it"),
        max_length=LONGEST_REASON,
        help_text=_("It stays in the history of the line."),
        error_messages={"required": _("Say what was wrong with the decision.")},
    )


class LineStandingFilter(StandingFilter):
    """Those that wait for a decision unless asked otherwise."""

    waiting = _("to be decided")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*StatementLine.Match.choices[:1], *StatementLine.Match.choices[2:], ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[StatementLine]") -> "QuerySet[StatementLine]":
        if self.value() == "all":
            return queryset
        return queryset.filter(match=self.value() or StatementLine.Match.UNMATCHED)
