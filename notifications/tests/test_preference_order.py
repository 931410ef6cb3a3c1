"""A person chooses which way comes first, and what they agreed to is on record."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Consent
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.escalation import climb
from notifications.models import Delivery
from notifications.planning import plan_upcoming
from notifications.preferences import first_choice, put_first, set_channel
from notifications.states import Status, Step, advance
from notifications.tests.factories import NOON, TODAY, clock

pytestmark = pytest.mark.django_db


def test_what_comes_first_is_told_first_and_the_rest_follows() -> None:
    borrower = make_borrower()
    make_installment(make_loan(borrower), due_on=TODAY + timedelta(days=3))
    put_first(borrower, "email", now=NOON)
    plan_upcoming(clock())
    email = Delivery.objects.exclude(channel="in_app").get()
    assert email.channel == "email"
    Delivery.objects.filter(pk=email.pk).update(status=Status.SENT)
    advance([Step(delivery_id=email.pk, to=Status.FAILED)], now=NOON)
    climb(clock())
    assert set(Delivery.objects.exclude(channel="in_app").values_list("channel", flat=True)) == {"email", "sms"}


def test_the_page_saves_the_order_and_says_it(client: Client) -> None:
    borrower = make_borrower(locale="en")
    client.force_login(borrower)
    client.post(reverse("preferences"), {"channels": ["sms", "email"], "first": "email"})
    assert first_choice(borrower) == "email"
    page = client.get(reverse("preferences")).content.decode()
    assert 'name="first" value="email" checked' in page
    assert put_first(borrower, "email") is False
    client.post(reverse("preferences"), {"channels": ["sms", "email"], "first": ""})
    assert first_choice(borrower) == ""


def test_each_switch_is_a_consent_with_what_was_shown() -> None:
    borrower = make_borrower()
    set_channel(borrower, "sms", enabled=False, now=NOON)
    set_channel(borrower, "sms", enabled=True, now=NOON + timedelta(hours=1))
    kept = list(Consent.objects.order_by("pk").values_list("channel", "given", "source", "wording"))
    assert kept == [("sms", False, "page", "preferences/2026-11"), ("sms", True, "page", "preferences/2026-11")]
