"""The signed-in person's own language and time zone, for the length of a request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.models import User


class PersonalSettingsMiddleware:
    """Puts the profile's language before the browser's, and shows times in the person's zone.

    Stands after AuthenticationMiddleware and inside LocaleMiddleware, which has chosen a language for strangers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self.get_response(request)
        language = user.locale if user.locale in dict(settings.LANGUAGES) else translation.get_language()
        with translation.override(language), timezone.override(user.zone):
            request.LANGUAGE_CODE = translation.get_language()
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language())
        return response
