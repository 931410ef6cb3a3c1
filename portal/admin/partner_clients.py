"""The programs with which partners ask, to be seen; `manage.py add_partner_client` makes and ends them."""

import allauth.idp.oidc.admin  # noqa: F401 - registers what is taken off again below
from allauth.idp.oidc.models import Client, Token
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from loans.models import PartnerClient
from portal.admin.read_only import ReadOnlyAdmin

# allauth's pages would let a superuser make a client that belongs to no partner, and read every token's hash.
admin.site.unregister([Client, Token])


@admin.register(PartnerClient)
class PartnerClientAdmin(ReadOnlyAdmin[PartnerClient]):
    """Whose it is, what it may ask for, and since when."""

    list_display = ["program", "partner", "sign_in_id", "scopes", "made_at", "ended_at"]
    ordering = ["-pk"]
    fields = ["program", "partner", "sign_in_id", "scopes", "made_at", "ended_at"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[PartnerClient]":
        return super().get_queryset(request).select_related("partner", "client")

    @admin.display(description=_("program"))
    def program(self, row: PartnerClient) -> str:
        return str(row.client.name)

    @admin.display(description=_("its id (client_id)"))
    def sign_in_id(self, row: PartnerClient) -> str:
        return str(row.client_id)

    @admin.display(description=_("may ask for"))
    def scopes(self, row: PartnerClient) -> str:
        return ", ".join(row.client.get_scopes())
