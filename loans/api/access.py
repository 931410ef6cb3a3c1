"""Who asks: a program of a partner's, proved by a token of OAuth 2 (client credentials), and what it may ask for."""

from dataclasses import dataclass
from typing import Any, Final, cast

from allauth.idp.oidc.contrib.rest_framework.authentication import TokenAuthentication
from allauth.idp.oidc.internal.scope import is_scope_granted
from allauth.idp.oidc.models import Token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from loans.api import problems
from loans.api.authentication import Caller
from loans.api.problems import ProblemError
from loans.models import PartnerClient

SCOPES: Final = {
    "loans:read": "Loans, their installments, and what both firms say about them",
    "prompts:read": "What borrowers were told, how, and how well it is proved",
    "discrepancies:read": "Where the two firms differ",
    "events:read": "Events, from any cursor on",
    "events:write": "Have an event posted again",
}
"""What a client may be given, in words."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A token that counts, and whose it is."""

    client: PartnerClient
    token: Token


class TokenOfPartner(TokenAuthentication):
    """REST framework's authentication: `request.user` is a Caller, `request.auth` a Grant.

    A token of a client that has ended counts no more, whatever its own time says.
    """

    def authenticate(self, request: Request) -> tuple[Caller, Grant] | None:  # type: ignore[override]
        if not request.headers.get("Authorization"):
            return None
        found = super().authenticate(request)
        token = found[1] if found else None
        if token is None:
            raise AuthenticationFailed("The token is not known, or its time is over.")
        client = PartnerClient.objects.in_use().filter(client=token.client_id).select_related("partner").first()
        if client is None:
            raise AuthenticationFailed("The token's client has ended.")
        return Caller(client.partner), Grant(client, token)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="partners"'


class HasScope(BasePermission):
    """The view's `scope` must be one of the token's."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        grant: Any = request.auth
        if not isinstance(grant, Grant):
            return False
        wanted: str = view.scope  # type: ignore[attr-defined]
        if not is_scope_granted(wanted, grant.token):
            raise ProblemError(problems.FORBIDDEN, f"The token does not have the scope {wanted}.")
        return True


def client_of(request: Request) -> PartnerClient:
    """Which program asks."""
    grant: Any = request.auth
    return cast("Grant", grant).client
