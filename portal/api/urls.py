"""The addresses of the partners' interface, version 1; what is unknown below it is answered as a problem, too."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from portal.api.description import Description
from portal.api.nothing_here import NothingHere
from portal.api.prompts import OnePrompt, Prompts

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("loans.api.urls")),
    path("prompts", Prompts.as_view(), name="api_prompts"),
    path("prompts/<int:prompt_id>", OnePrompt.as_view(), name="api_prompt"),
    path("schema", Description.as_view(), name="api_schema"),
    re_path("", NothingHere.as_view(), name="api_nothing_here"),
]
