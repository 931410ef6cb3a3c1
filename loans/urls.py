"""The addresses of a borrower's disputes."""

from django.urls import path

from loans.views.dispute_files import dispute_file
from loans.views.disputes import dispute_list, dispute_open, dispute_page

urlpatterns = [
    path("disputes/", dispute_list, name="disputes"),
    path("disputes/new/", dispute_open, name="dispute_open"),
    path("disputes/<int:dispute_id>/", dispute_page, name="dispute"),
    path("disputes/<int:dispute_id>/files/<int:file_id>/", dispute_file, name="dispute_file"),
]
