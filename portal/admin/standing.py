"""The filter of a queue: what waits is shown unless something else is asked for."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class StandingFilter(admin.SimpleListFilter):
    """`waiting` names what is shown by default; subclasses give `lookups` for the rest, and the `queryset`."""

    title = _("standing")
    parameter_name = "standing"
    waiting: "StrOrPromise" = _("open")

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": self.waiting}, *others]
