"""Every address of the portal."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

admin.autodiscover()

handler400 = "portal.api.not_read.not_read"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.pages.urls")),
    path("", include("notifications.urls")),
    path("", include("loans.urls")),
    path("", include("accounts.urls")),
    path("api/v1/", include("portal.api.urls")),
    path("desk/", admin.site.urls),
]
