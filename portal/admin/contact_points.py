"""The ways to reach people, old and new, masked."""

from typing import Final, Protocol

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.masking import mask_text
from accounts.models import ContactPoint
from portal.admin.cells import person_link
from portal.admin.read_only import ReadOnlyAdmin

_FIRMS: Final = RawSQL(
    "SELECT string_agg(name, ', ' ORDER BY code) FROM loans_partner WHERE id = ANY (accounts_contactpoint.named_by)", []
)


class WithFirms(Protocol):
    """A contact point with the names of the firms that named it."""

    firm_names: str | None


@admin.register(ContactPoint)
class ContactPointAdmin(ReadOnlyAdmin[ContactPoint]):
    """Their owners and their partners change them; here they are only seen."""

    list_display = ["masked", "kind", "person", "source", "firms", "verified_at", "unreachable_since", "why"]
    list_filter = [
        "kind",
        "source",
        ("unreachable_since", admin.EmptyFieldListFilter),
        ("retired_at", admin.EmptyFieldListFilter),
    ]
    ordering = ["-pk"]
    fields = [
        "masked",
        "kind",
        "person",
        "source",
        "firms",
        "verified_at",
        "unreachable_since",
        "why",
        "created_at",
        "retired_at",
    ]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ContactPoint]":
        points = super().get_queryset(request).select_related("user").annotate(firm_names=_FIRMS)
        return points if request.user.is_superuser else points.filter(user__is_staff=False)

    @admin.display(description=_("address"))
    def masked(self, point: ContactPoint) -> str:
        return point.masked

    @admin.display(description=_("person"))
    def person(self, point: ContactPoint) -> SafeString:
        return person_link(point.user)

    @admin.display(description=_("named by"), empty_value="-")
    def firms(self, point: WithFirms) -> str | None:
        return point.firm_names

    @admin.display(description=_("why unreachable"))
    def why(self, point: ContactPoint) -> str:
        return mask_text(point.unreachable_reason, [point.address]) or "-"
