"""What all addresses of the interface do with a method that they do not take."""

from typing import Any

from rest_framework.request import Request
from rest_framework.views import APIView


class MethodFirst(APIView):
    """A method that the address does not take is refused before anybody is asked who they are."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)
