"""The limit of every page: a view that does nothing, behind the same server and middleware."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


@login_not_required
@csrf_exempt
def hello(request: HttpRequest) -> HttpResponse:
    """Any method."""
    return HttpResponse("hello, world", content_type="text/plain")
