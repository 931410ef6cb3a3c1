"""What answers where no address is."""

from typing import NoReturn

from django.http import HttpRequest
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from loans.api import problems


@extend_schema(exclude=True)
class NothingHere(APIView):
    """A problem in the interface's own form, not the portal's page."""

    permission_classes = ()

    def initial(self, request: Request | HttpRequest, *args: object, **kwargs: object) -> NoReturn:
        raise problems.ProblemError(problems.NOT_FOUND, "There is no such address.")
