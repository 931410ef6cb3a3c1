"""The least that a door of receipts can be: it keeps each message by the product's own INSERT, and reads nothing."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from notifications.models import Callback


@login_not_required
@csrf_exempt
def keep_batch(request: HttpRequest) -> HttpResponse:
    """POST. Reached by the short way, as the doors of providers are."""
    Callback.keep("kept", request.body, timezone.now())
    return HttpResponse(content_type="text/plain")


vars(keep_batch)["for_providers"] = True
