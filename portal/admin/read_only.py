"""The record of what happened: to be read, found and followed, never to be edited, not even by a superuser."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst

MOST_LISTED: Final = 5000

_M = TypeVar("_M", bound=Model)

if TYPE_CHECKING:

    class _ModelAdmin(admin.ModelAdmin[_M]): ...

else:

    class _ModelAdmin(admin.ModelAdmin, Generic[_M]):
        pass


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # is not generic at run time
    """Counts to MOST_LISTED and no further: counting tens of millions of rows takes longer than anybody waits."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows[:MOST_LISTED].count() if isinstance(rows, QuerySet) else len(rows)


_WHOLE_VALUES: Final = ("", "id", "exact", "in", "isnull", "isempty")
"""What may be asked of a field: never for a part of it."""


def _asked_by(entry: Any) -> str:
    """The field or parameter that an entry of `list_filter` asks by."""
    if isinstance(entry, type) and issubclass(entry, admin.SimpleListFilter):
        return str(entry.parameter_name)
    return str(entry[0] if isinstance(entry, tuple) else entry)


class ReadOnlyAdmin(_ModelAdmin[_M]):
    """No adding, changing or deleting; who may view sees the list and each row."""

    actions = None
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    paginator = CappedPaginator
    found_by: Callable[["QuerySet[_M]", str], "QuerySet[_M]"] | None = None
    """Narrows the list to what was typed; where there is none, Django looks through `search_fields`, without which it
    shows no place to type.
    """
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters that a list shows, and the ids of what its rows belong to.

        Django allows any field of the model, so that a list could be asked, letter by letter, for what it masks.
        """
        shown = {_asked_by(entry) for entry in self.get_list_filter(request)}
        owners = {column.name for column in self.opts.concrete_fields if column.is_relation}
        ways = (lookup.removeprefix(field) for field in shown | owners if f"{lookup}__".startswith(f"{field}__"))
        return any(how.removeprefix("__").removeprefix("id__") in _WHOLE_VALUES for how in ways)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[_M]", search_term: str
    ) -> "tuple[QuerySet[_M], bool]":
        if self.found_by is None:
            return super().get_search_results(request, queryset, search_term)
        return self.found_by(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, title | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": f"{capfirst(str(self.opts.verbose_name))} #{unquote(object_id)}", "subtitle": None}
        return super().change_view(request, object_id, form_url, title | (extra_context or {}))

    def viewed(self, request: HttpRequest, object_id: str) -> _M:
        """The row for a page of its own. Raises PermissionDenied for who may not view it, and Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(f"{self.opts.verbose_name} {object_id} is not there.")
        return row
