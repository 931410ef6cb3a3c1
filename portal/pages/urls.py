"""The pages that join loans with what was told about them."""

from django.urls import path

from portal.pages.home import home
from portal.pages.loan import loan
from portal.pages.manifest import manifest

urlpatterns = [
    path("", home, name="home"),
    path("manifest.webmanifest", manifest, name="manifest"),
    path("loans/<int:loan_id>/", loan, name="loan"),
]
