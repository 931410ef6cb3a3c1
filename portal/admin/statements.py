"""Bank statements as wholes: which do not add up, and before which one is missing."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loans.models import Report, Statement
from loans.models.statement_head import ZERO_OR_UNKNOWN
from portal.admin.cells import chip, money
from portal.admin.read_only import ReadOnlyAdmin
from portal.admin.standing import StandingFilter


def _gap_ids() -> set[int]:
    """Those of this year and the last before which at least one is missing."""
    return set(Statement.objects.gaps(timezone.localdate().year - 1).values_list("pk", flat=True))


def standing_of(statement: Statement, *, late: bool) -> SafeString:
    """What is wrong with it, or that it agrees; a statement without both balances says nothing."""
    said = []
    if statement.difference:
        apart = money(statement.difference, statement.currency)
        said.append(chip(gettext("does not agree by %s") % apart, "danger"))
    if late:
        said.append(chip(gettext("one before it is missing"), "danger"))
    if statement.repeats_id:
        said.append(chip(gettext("came before"), "warn"))
    if not said and statement.difference is not None:
        said.append(chip(gettext("agrees"), "good"))
    return format_html_join(" ", "{}", ((words,) for words in said))


def statements_of(report: Report) -> str:
    """The statements in a report, for its page."""
    rows = list(report.statements.order_by("pk")[:100])
    gaps = _gap_ids() if rows else set()
    shown = [{"statement": row, "standing": standing_of(row, late=row.pk in gaps)} for row in rows]
    return render_to_string("admin/desk/statements.html", {"rows": shown})


class StatementStandingFilter(StandingFilter):
    """Those that somebody must look at unless asked otherwise."""

    waiting = _("to be looked at")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("unbalanced", _("does not agree")), ("gap", _("one before it is missing")), ("all", _("all"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Statement]") -> "QuerySet[Statement]":
        match self.value():
            case "all":
                return queryset
            case "unbalanced":
                return queryset.exclude(ZERO_OR_UNKNOWN)
            case "gap":
                return queryset.filter(pk__in=_gap_ids())
            case _:
                wrong = {*Statement.objects.unbalanced().values_list("pk", flat=True)}
                return queryset.filter(pk__in=wrong | _gap_ids())


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin[Statement]):
    """A statement is mended by its bank, which sends it again or sends the one that is missing."""

    list_display = ["named", "standing", "last_on", "partner", "account", "booked_sum", "report_link"]
    list_filter = [StatementStandingFilter, "series", "partner"]
    ordering = ["-pk"]
    search_fields = ["=account", "=identification"]
    search_help_text = _("Account or identification")
    fields = [
        "named", "partner", "account", "identification", "first_on", "last_on", "opening_sum", "booked_sum",
        "closing_sum", "standing", "entries", "refused", "repeats", "report_link", "place",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Statement]":
        rows = super().get_queryset(request).select_related("partner", "report", "repeats").defer("report__content")
        return rows.annotate(late=Case(When(pk__in=_gap_ids(), then=True), default=False))

    @admin.display(description=_("statement"), ordering="number")
    def named(self, statement: Statement) -> str:
        return str(statement)

    @admin.display(description=_("opening balance"))
    def opening_sum(self, statement: Statement) -> str:
        return _sum(statement.opening, statement)

    @admin.display(description=_("booked"))
    def booked_sum(self, statement: Statement) -> str:
        return _sum(statement.booked, statement)

    @admin.display(description=_("closing balance"))
    def closing_sum(self, statement: Statement) -> str:
        return _sum(statement.closing, statement)

    @admin.display(description=_("standing"))
    def standing(self, statement: Statement) -> SafeString:
        return standing_of(statement, late=bool(getattr(statement, "late", False)))

    @admin.display(description=_("report"))
    def report_link(self, statement: Statement) -> SafeString:
        address = reverse("admin:loans_report_change", args=[statement.report_id])
        return format_html('<a href="{}">{}</a>', address, statement.report)


def _sum(amount: Any, statement: Statement) -> str:
    return "-" if amount is None or not statement.currency else money(amount, statement.currency)
