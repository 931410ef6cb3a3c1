"""The addresses of the partners' interface that are about loans."""

from django.urls import URLPattern, URLResolver, path

from loans.api.discrepancies import Discrepancies, OneDiscrepancy
from loans.api.events import ReportStatus, push_events
from loans.api.loans import Installments, Loans, OneLoan, Positions
from loans.api.outward_events import OneOutwardEvent, OutwardEvents, Redelivery
from loans.api.token import TokenEndpoint

urlpatterns: list[URLPattern | URLResolver] = [
    path("partners/<slug:partner>/events", push_events, name="api_events"),
    path("partners/<slug:partner>/reports/<int:report_id>", ReportStatus.as_view(), name="api_report"),
    path("token", TokenEndpoint.as_view(), name="api_token"),
    path("loans", Loans.as_view(), name="api_loans"),
    path("loans/<path:number>", OneLoan.as_view(), name="api_loan"),
    path("installments", Installments.as_view(), name="api_installments"),
    path("positions", Positions.as_view(), name="api_positions"),
    path("discrepancies", Discrepancies.as_view(), name="api_discrepancies"),
    path("discrepancies/<int:discrepancy_id>", OneDiscrepancy.as_view(), name="api_discrepancy"),
    path("outward-events", OutwardEvents.as_view(), name="api_outward_events"),
    path("outward-events/<int:event_id>", OneOutwardEvent.as_view(), name="api_outward_event"),
    path("outward-events/<int:event_id>/redeliver", Redelivery.as_view(), name="api_redeliver"),
]
