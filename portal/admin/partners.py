"""The firms on the other side."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loans.models import Partner

if TYPE_CHECKING:
    _PartnerAdmin = admin.ModelAdmin[Partner]
else:
    _PartnerAdmin = admin.ModelAdmin


@admin.register(Partner)
class PartnerAdmin(_PartnerAdmin):
    """Superusers add and change them; nobody deletes one: loans and reports are theirs."""

    list_display = ["name", "kind", "code", "phone", "usual_lag_days"]
    list_filter = ["kind"]
    ordering = ["kind", "name"]
    actions = None
    fields = [
        "name", "kind", "code", "phone", "website", "how_to_pay", "usual_lag_days", "consistency_goal",
        "awaiting_bank_days", "desk_name", "desk_email", "working_days", "time_zone",
    ]  # fmt: skip
    search_fields = ["name", "code"]
    search_help_text = _("Name or code")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def has_delete_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False
