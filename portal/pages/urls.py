"""The pages that join loans with what was told about them."""

from django.urls import path

from portal.pages.home import home
from portal.pages.loan import loan

urlpatterns = [
    path("", home, name="home"),
    path("loans/<int:loan_id>/", loan, name="loan"),
]
