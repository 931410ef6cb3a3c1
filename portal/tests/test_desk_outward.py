"""The desk of what partners are told: dead letters, endpoints, and who may pull their levers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from loans.models import Endpoint, OutwardDelivery
from loans.tests.asking import make_program
from loans.tests.factories import make_loan, make_platform
from loans.tests.outward import hear, tell
from portal.tests.desk import desk_of, make_desk_agent, make_operator, make_superuser, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
LIST, ENDPOINTS = "admin:loans_outwarddelivery_changelist", "admin:loans_endpoint_changelist"
URL = "https://events.example/hook?token=very-secret"


@pytest.fixture
def dead() -> list[int]:
    """Three events that a bank did not take."""
    loan = make_loan()
    hear(loan.bank, URL)
    tell(loan, 3)
    OutwardDelivery.objects.update(status="dead", attempts=14, answered=503, reason="answered 503")
    return list(OutwardDelivery.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def desk() -> Client:
    return desk_of(make_operator())


def test_the_first_page_counts_what_partners_did_not_take(desk: Client, dead: list[int]) -> None:
    page = desk.get(reverse("admin:index")).content.decode()
    assert "Events that partners did not take" in page
    assert "answered 503" in page


def test_the_list_shows_dead_letters_first_and_no_secret_of_an_address(desk: Client, dead: list[int]) -> None:
    OutwardDelivery.objects.filter(pk=dead[0]).update(status="waiting")
    page = desk.get(reverse(LIST))
    assert page.context["cl"].result_count == 2
    assert "events.example" in page.content.decode()
    for address in (reverse(LIST), reverse(ENDPOINTS), reverse("admin:loans_outwarddelivery_change", args=[dead[1]])):
        assert "very-secret" not in desk.get(address).content.decode()
    assert desk.get(reverse(LIST), {"standing": "waiting"}).context["cl"].result_count == 1
    assert desk.get(reverse(LIST), {"standing": "all"}).context["cl"].result_count == 3


def test_one_is_sent_again_and_that_is_logged(desk: Client, dead: list[int]) -> None:
    again = reverse("admin:loans_outwarddelivery_again", args=[dead[0]])
    assert "1 event is sent again." in said(desk.post(again, follow=True))
    assert OutwardDelivery.objects.filter(status="waiting", attempts=0).count() == 1
    assert "Nothing was given up" in said(desk.post(again, follow=True))
    assert LogEntry.objects.count() == 1


def test_all_of_an_endpoint_are_sent_again(desk: Client, dead: list[int]) -> None:
    endpoint = Endpoint.objects.get()
    assert "Send all again" in desk.get(reverse(ENDPOINTS)).content.decode()
    answer = desk.post(reverse("admin:loans_endpoint_again", args=[endpoint.pk]), follow=True)
    assert "3 events are sent again." in said(answer)
    assert not OutwardDelivery.objects.dead().exists()
    assert "Send all again" not in desk.get(reverse(ENDPOINTS)).content.decode()


def test_an_endpoint_is_switched_off_and_on(desk: Client, dead: list[int]) -> None:
    endpoint = Endpoint.objects.get()
    off = desk.post(reverse("admin:loans_endpoint_off", args=[endpoint.pk]), follow=True)
    assert "what happens within 7 days waits." in said(off)
    assert Endpoint.objects.get().disabled_because == "by hand"
    assert "Switch on" in desk.get(reverse(ENDPOINTS)).content.decode()
    on = desk.post(reverse("admin:loans_endpoint_on", args=[endpoint.pk]), follow=True)
    assert "did not wait" not in said(on)
    assert Endpoint.objects.get().disabled_at is None
    assert LogEntry.objects.count() == 2


def test_after_more_than_a_week_off_the_desk_says_since_when_nothing_has_waited(desk: Client, dead: list[int]) -> None:
    off_at = timezone.now() - timedelta(days=9)
    Endpoint.objects.update(disabled_at=off_at, disabled_because="it answered 410 Gone")
    on = desk.post(reverse("admin:loans_endpoint_on", args=[Endpoint.objects.get().pk]), follow=True)
    assert "What has happened since Fri 20 November 2026, 12:00 did not wait" in said(on)


def test_levers_are_operators_alone_and_pulled_by_post(dead: list[int]) -> None:
    endpoint = Endpoint.objects.get()
    addresses = [reverse("admin:loans_outwarddelivery_again", args=[dead[0]])]
    addresses += [reverse(f"admin:loans_endpoint_{name}", args=[endpoint.pk]) for name in ("again", "on", "off")]
    agent, operator = desk_of(make_desk_agent()), desk_of(make_operator())
    for address in addresses:
        assert agent.post(address).status_code == 403
        assert Client().post(address).status_code == 302
        assert operator.get(address).status_code == 405
    assert OutwardDelivery.objects.dead().count() == 3
    assert Endpoint.objects.get().disabled_at is None


@pytest.mark.parametrize("name", [LIST, ENDPOINTS])
def test_a_list_costs_the_same_for_one_as_for_many(desk: Client, name: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            assert desk.get(reverse(name)).status_code == 200
        return len(statements)

    def more(count: int) -> None:
        loan = make_loan()
        for number in range(count):
            hear(make_platform(), f"https://{number}.{loan.external_id.lower()}.example/")
        tell(loan)
        OutwardDelivery.objects.update(status="dead")

    more(1)
    one = cost()
    more(7)
    assert cost() == one


def test_programs_of_partners_are_seen_without_their_secrets(desk: Client) -> None:
    program = make_program(make_loan().bank)
    page = desk.get(reverse("admin:loans_partnerclient_changelist")).content.decode()
    assert program.client.client_id in page
    assert program.client.client.secret not in page
    assert "loans:read" in page


@pytest.mark.parametrize("make", [make_operator, make_superuser])
def test_the_librarys_own_pages_of_clients_and_tokens_are_closed(make: Callable[[], object]) -> None:
    desk = desk_of(make())  # type: ignore[arg-type]
    assert desk.get("/desk/allauth_idp_oidc/client/").status_code == 404
