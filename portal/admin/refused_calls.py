"""How many calls the doors of providers refused, and why: a wrong secret at a provider shows here first. So does a
provider that does not hear our answers, by what it says again.
"""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from notifications.models import RefusedCalls
from portal.admin.cells import chip
from portal.admin.read_only import ReadOnlyAdmin


@admin.register(RefusedCalls)
class RefusedCallsAdmin(ReadOnlyAdmin[RefusedCalls]):
    """A row a day, provider and reason; of the calls themselves nothing is kept."""

    list_display = ["day", "provider", "why_chip", "calls", "last_at"]
    list_filter = ["provider", "why"]
    ordering = ["-day", "provider", "why"]
    fields = ["day", "provider", "why", "calls", "last_at"]

    @admin.display(description=_("why"), ordering="why")
    def why_chip(self, refused: RefusedCalls) -> SafeString:
        return chip(refused.get_why_display(), "warn" if refused.why == RefusedCalls.Why.UNPROVEN else "")
