"""Where a partner's program changes its id and secret for a token (OAuth 2, RFC 6749, section 4.4)."""

from typing import Final, cast

from allauth.idp.oidc import views
from allauth.idp.oidc.models import Client
from django.db import DataError
from django.http import HttpResponse, JsonResponse
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from loans.api import problems
from loans.api.describing import describe_token
from loans.api.problems import ProblemError
from loans.api.throttling import TokensAMinute

MOST_BYTES: Final = 16_384


class TokenEndpoint(APIView):
    """allauth's own, with a limit: each answer costs some tenths of a second of hashing. Errors are OAuth's.

    Of its grants one alone is let through: no person signs in here.
    """

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (TokensAMinute,)
    parser_classes = (FormParser,)
    http_method_names = ("post",)

    @describe_token
    def post(self, request: Request) -> HttpResponse:
        if not (request.content_type or "").startswith("application/x-www-form-urlencoded"):
            raise ProblemError(problems.MEDIA, "The body must be application/x-www-form-urlencoded.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise ProblemError(problems.TOO_LARGE)
        if request._request.POST.get("grant_type") != Client.GrantType.CLIENT_CREDENTIALS:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        try:
            return cast("HttpResponse", views.token(request._request))
        except DataError:  # an id that the database cannot hold is nobody's
            return JsonResponse({"error": "invalid_client"}, status=401)
