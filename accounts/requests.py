"""What a view that only signed-in people reach may rely on."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class SignedInRequest(HttpRequest):
    """A request past LoginRequiredMiddleware: its user is a person, never anonymous."""

    user: User
    htmx: HtmxDetails
