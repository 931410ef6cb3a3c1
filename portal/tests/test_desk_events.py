"""What the desk shows of partners' keys and of what they pushed."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNumQueries

from accounts.models import User
from loans import tasks
from loans.models import Event, PartnerKey
from loans.tests.factories import make_bank
from loans.tests.pushing import event, make_key, push
from portal.agents import AGENTS, make_groups

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> str:
    return make_key(make_bank())


def desk_of(*, superuser: bool = False) -> Client:
    make_groups()
    person = User.objects.create_user("agent@example.test", is_staff=True, is_superuser=superuser)
    person.groups.add(Group.objects.get(name=AGENTS))
    client = Client()
    client.force_login(person)
    return client


def test_an_agent_sees_what_became_of_each_event(secret: str) -> None:
    report_id = push(
        "harbour",
        secret,
        event("loan.opened"),
        event("payment.settled", event("payment.settled")["data"] | {"currency": "HKD"}),
    ).json()["report"]
    push("harbour", secret, event("outage.ended"))
    tasks.apply_events()
    desk = desk_of()
    page = desk.get(reverse("admin:loans_event_changelist"), {"report__id": report_id}).content.decode()
    assert "the loan is in CNY" not in page
    assert page.count("payment.settled") == 1
    assert "outage.ended" not in page
    refused = desk.get(reverse("admin:loans_event_changelist"), {"standing": "refused"}).content.decode()
    assert "payment.settled" in refused
    assert "loan.opened" not in refused
    one = desk.get(reverse("admin:loans_event_change", args=[Event.objects.get(type="payment.settled").pk]))
    assert "the loan is in CNY" in one.content.decode()
    assert (
        reverse("admin:loans_event_changelist")
        in desk.get(reverse("admin:loans_report_change", args=[report_id])).content.decode()
    )


def test_the_list_of_events_costs_as_many_queries_for_many_as_for_one(secret: str) -> None:
    push("harbour", secret, *[event("outage.ended") for _ in range(20)])
    tasks.apply_events()
    desk = desk_of()
    desk.get(reverse("admin:loans_event_changelist"))
    with assertNumQueries(6):
        assert desk.get(reverse("admin:loans_event_changelist")).content.decode().count("outage.ended") == 20


def test_the_desk_shows_when_a_key_counts_and_never_its_secret(secret: str) -> None:
    key = PartnerKey.objects.get()
    page = desk_of(superuser=True).get(reverse("admin:loans_partner_change", args=[key.partner_id])).content.decode()
    assert key.prefix in page
    assert secret not in page
    assert key.secret not in page
