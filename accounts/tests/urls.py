"""The addresses of accounts, and a first page that says how it was shown."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone, translation


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{translation.get_language()} {timezone.get_current_timezone_name()}")


urlpatterns = [path("", home, name="home"), path("", include("accounts.urls"))]
