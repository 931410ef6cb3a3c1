"""Providers' calls pass by what middleware does for people; nothing else does."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path, resolve, reverse
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import urls
from notifications.models import Callback
from notifications.signatures import reference_of
from notifications.webhooks.door import webhook
from notifications.webhooks.short_way import PREFIXES

pytestmark = pytest.mark.django_db
TOKEN = "a-secret-token"


@webhook("nobody", "GET")
def fails(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of ours")


def for_people(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("for people")


urlpatterns = [path("webhooks/fails/", fails), path("webhooks/people/", for_people), path("", include("portal.urls"))]


@pytest.fixture(autouse=True)
def _secret(settings: Settings) -> None:
    settings.SMS_CALLBACK_TOKEN = TOKEN


def target(token: str = TOKEN) -> str:
    return f"{reverse('kannel_report', args=[token])}?type=1&reference={reference_of(1)}"


def test_a_report_is_kept_with_one_query_and_answered_without_what_is_for_people(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.cookies["sessionid"] = "whatever"
    with django_assert_num_queries(1):
        answer = client.get(target())
    assert (answer.status_code, Callback.objects.count()) == (200, 1)
    assert not {"Vary", "Content-Language", "Set-Cookie"} & set(answer.headers)
    assert (answer["X-Content-Type-Options"], answer["Content-Length"]) == ("nosniff", "2")


def test_it_is_refused_where_the_host_is_not_ours(client: Client) -> None:
    assert client.get(target(), headers={"host": "elsewhere.example"}).status_code == 400
    assert Callback.objects.count() == 0


def test_a_fault_is_a_500_at_which_providers_call_again(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    assert Client(raise_request_exception=False).get("/webhooks/fails/").status_code == 500


def test_a_page_for_people_below_the_prefix_still_asks_who_they_are(settings: Settings, client: Client) -> None:
    settings.ROOT_URLCONF = __name__
    answer = client.get("/webhooks/people/")
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, reverse("account_login"))


def test_what_is_not_there_is_not_there(client: Client) -> None:
    assert client.get("/webhooks/nobody/").status_code == 404


def test_plain_http_is_sent_to_https(settings: Settings, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(target()).status_code == 301


def test_every_view_below_the_prefix_is_a_webhook() -> None:
    below = [one for one in urls.urlpatterns if f"/{one.pattern}".startswith(PREFIXES)]
    assert len(below) >= 10
    assert all(vars(one.callback)["for_providers"] for one in below)
    assert vars(resolve(target().partition("?")[0]).func)["for_providers"]
