"""The addresses of the partners' interface that are about loans."""

from django.urls import URLPattern, URLResolver, path

from loans.api.events import PushedEvents, ReportStatus

urlpatterns: list[URLPattern | URLResolver] = [
    path("partners/<slug:partner>/events", PushedEvents.as_view(), name="api_events"),
    path("partners/<slug:partner>/reports/<int:report_id>", ReportStatus.as_view(), name="api_report"),
]
