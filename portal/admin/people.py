"""People on the desk: the borrowers, and for superusers those who work here."""

from typing import Any

import allauth.account.admin  # noqa: F401 - registers EmailAddress, which is taken off again below
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, User
from loans.models import Loan
from portal.admin.borrower_views import BorrowerViews
from portal.admin.cells import chip
from portal.admin.finding import find_borrowers
from portal.admin.staff import StaffForm, StaffMaking

admin.site.unregister(EmailAddress)  # shows addresses unmasked, and is allauth's own business


class WorksHereFilter(admin.SimpleListFilter):
    """Borrowers unless a superuser asks for the others."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("staff", _("people at the desk"))] if request.user.is_superuser else []

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": _("borrowers")}, *others]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[User]") -> "QuerySet[User]":
        return queryset.filter(is_staff=self.value() == "staff")


@admin.register(User)
class PersonAdmin(StaffMaking, BorrowerViews):
    """A borrower's page is their timeline; one who works here has a form, for superusers alone."""

    list_display = ["__str__", "phone_masked", "email_masked", "loan_numbers", "reached"]
    list_filter = [WorksHereFilter]
    ordering = ["-pk"]
    search_fields = ["name"]
    search_help_text = _("Name, loan or receipt number, whole email, whole phone or its last 4 digits")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        people = super().get_queryset(request)
        if not request.user.is_superuser:
            people = people.filter(is_staff=False)
        live = Prefetch("contact_points", ContactPoint.objects.live(), to_attr="live_points")
        return people.prefetch_related(live, Prefetch("loans", Loan.objects.order_by("-pk"), to_attr="listed_loans"))

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[User]", search_term: str
    ) -> "tuple[QuerySet[User], bool]":
        return find_borrowers(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = gettext("People at the desk") if request.GET.get("who") == "staff" else gettext("Borrowers")
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    @admin.display(description=_("phone"))
    def phone_masked(self, person: Any) -> SafeString | str:
        return self._points(person, ContactPoint.Kind.PHONE)

    @admin.display(description=_("email"))
    def email_masked(self, person: Any) -> SafeString | str:
        return self._points(person, ContactPoint.Kind.EMAIL)

    def _points(self, person: Any, kind: str) -> SafeString | str:
        return next((point.masked for point in person.live_points if point.kind == kind), "")

    @admin.display(description=_("loans"))
    def loan_numbers(self, person: Any) -> str:
        loans = person.listed_loans
        more = f" +{len(loans) - 3}" if len(loans) > 3 else ""
        return ", ".join(loan.external_id for loan in loans[:3]) + more

    @admin.display(description=_("reached"))
    def reached(self, person: Any) -> SafeString:
        if not person.live_points:
            return chip(gettext("nothing to reach them with"), "danger")
        bad = [point for point in person.live_points if point.unreachable_since]
        if not bad:
            return chip(gettext("reachable"), "good")
        tone = "danger" if len(bad) == len(person.live_points) else "warn"
        return format_html_join(
            " ", "{}", [[chip(gettext("%s unreachable") % point.get_kind_display(), tone)] for point in bad]
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A borrower's one timeline; the form of somebody at the desk."""
        person = self.viewed(request, object_id)
        if person.is_staff:
            return super().change_view(request, object_id, form_url, extra_context)
        return self.borrower_view(request, person)

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": StaffForm, **kwargs})
