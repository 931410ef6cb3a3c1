"""The firms on the other side."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loans.models import Loan, Partner, PartnerKey

if TYPE_CHECKING:
    _PartnerAdmin = admin.ModelAdmin[Partner]
    _KeyInline = admin.StackedInline[PartnerKey, Partner]
else:
    _PartnerAdmin = admin.ModelAdmin
    _KeyInline = admin.StackedInline


class KeyInline(_KeyInline):
    """Which keys count until when. They are made by `rotate_partner_key`, and no secret is ever shown here."""

    model = PartnerKey
    fields = ("prefix", "valid_from", "valid_until")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False


@admin.register(Partner)
class PartnerAdmin(_PartnerAdmin):
    """Superusers add and change them; nobody deletes one: loans and reports are theirs."""

    list_display = ["name", "kind", "code", "phone", "usual_lag_days"]
    list_filter = ["kind"]
    ordering = ["kind", "name"]
    actions = None
    fields = [
        "name", "kind", "code", "phone", "website", "how_to_pay", "usual_lag_days", "consistency_goal",
        "awaiting_bank_days", "desk_name", "desk_email", "working_days", "time_zone", "hears_events",
        "events_per_minute",
    ]  # fmt: skip
    inlines = [KeyInline]
    search_fields = ["name", "code"]
    search_help_text = _("Name or code")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> list[str]:
        """The kind of a firm that has loans stays: whose word counts for what hangs on it."""
        held = obj is not None and Loan.objects.filter(Q(bank=obj) | Q(platform=obj)).exists()
        return ["kind"] if held else []

    def has_delete_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False
