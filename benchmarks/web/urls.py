"""The portal, and beside it what it is compared with, so that all have the same server and middleware."""

from django.urls import URLPattern, URLResolver, include, path

from benchmarks.limits.hello import hello
from benchmarks.limits.kept_message import keep
from benchmarks.peers import anymail_view
from benchmarks.peers.plain_page import plain_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("benchmarks/hello", hello),
    path("benchmarks/keep", keep),
    path("benchmarks/anymail", anymail_view.view),
    path("benchmarks/page", plain_page),
    path("", include("portal.urls")),
]
