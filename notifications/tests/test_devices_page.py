"""Devices on the page of preferences, and the script that a browser fetches for them."""

from collections.abc import Iterator
from datetime import date

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.models import PushSubscription
from notifications.preferences import set_channel
from notifications.push_subscriptions import mark_heard_of, subscribe
from notifications.tests.browsers import SUBJECT, VAPID_KEY, Browser
from notifications.tests.factories import NOON
from notifications.tests.pages import sign_in, words

pytestmark = pytest.mark.django_db
PAGE, ADD = reverse("preferences"), reverse("device_add")
PHONE = "Mozilla/5.0 (Linux; Android 10; K) Chrome/149.0.0.0 Mobile Safari/537.36"


@pytest.fixture(autouse=True)
def _pushing(settings: Settings) -> Iterator[None]:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = VAPID_KEY, SUBJECT
    settings.PUSH_PROVIDERS = ["webpush"]
    with time_machine.travel(NOON, tick=True):
        yield


@pytest.fixture
def page(borrower: User) -> Client:
    return sign_in(borrower)


def add(user: User, name: str = "a") -> PushSubscription:
    return subscribe(user, Browser(f"https://push.example/{name}").address, user_agent=PHONE, now=NOON)


def remove(client: Client, subscription: PushSubscription) -> int:
    return client.post(reverse("device_remove", args=[subscription.pk])).status_code


class TestAdding:
    def test_a_browser_that_its_owner_allows_is_listed(self, borrower: User, page: Client) -> None:
        answer = page.post(ADD, Browser("https://push.example/a").fields, headers={"User-Agent": PHONE})
        assert answer["Location"] == PAGE
        shown = words(page.get(PAGE))
        assert "Done. From now on we tell you on this device too." in shown
        assert "Chrome on Android" in shown
        assert "since Sun 22 November, no notice yet" in shown
        assert ContactPoint.objects.reachable().filter(user=borrower, kind="push").exists()

    @pytest.mark.parametrize(
        "change",
        [
            {"endpoint": ""},
            {"endpoint": "https://127.0.0.1/x"},
            {"endpoint": "https://169.254.169.254/latest"},
            {"endpoint": "http://push.example/x"},
            {"endpoint": "https://intranet/x"},
            {"p256dh": "none"},
            {"auth": ""},
        ],
    )
    def test_what_is_no_subscription_is_refused_with_a_sentence(self, page: Client, change: dict[str, str]) -> None:
        assert page.post(ADD, Browser("https://push.example/a").fields | change)["Location"] == PAGE
        assert "Your browser gave us nothing to reach it with." in words(page.get(PAGE))
        assert not PushSubscription.objects.exists()

    def test_nothing_at_all_is_refused_too(self, page: Client) -> None:
        page.post(ADD)
        assert not PushSubscription.objects.exists()

    def test_a_visitor_and_a_forged_request_add_nothing(self, borrower: User) -> None:
        fields = Browser("https://push.example/a").fields
        assert reverse("account_login") in Client().post(ADD, fields)["Location"]
        forger = Client(enforce_csrf_checks=True)
        forger.force_login(borrower)
        assert forger.post(ADD, fields).status_code == 403
        assert forger.get(ADD).status_code == 405
        assert not PushSubscription.objects.exists()


class TestRemoving:
    def test_one_s_own_goes(self, borrower: User, page: Client) -> None:
        remove(page, add(borrower))
        shown = words(page.get(PAGE))
        assert "Removed. This device shows no more notices." in shown
        assert "Chrome on Android" not in shown

    def test_a_stranger_s_is_not_to_be_found(self, page: Client) -> None:
        other = add(make_borrower())
        assert remove(page, other) == 404
        other.refresh_from_db()
        assert other.gone_at is None

    @pytest.mark.parametrize("number", [0, 10**9, 10**30])
    def test_one_that_there_is_not_is_not_to_be_found(self, page: Client, number: int) -> None:
        assert page.post(reverse("device_remove", args=[number])).status_code == 404

    def test_the_last_way_that_works_stays_with_the_reason(self, borrower: User, page: Client) -> None:
        subscription = add(borrower)
        for channel in ("sms", "email"):
            set_channel(borrower, channel, False, now=NOON)
        remove(page, subscription)
        assert "This device stays: nothing else would reach you." in words(page.get(PAGE))
        subscription.refresh_from_db()
        assert subscription.gone_at is None


class TestPage:
    def test_it_lists_one_s_own_devices_and_when_they_last_showed_a_notice(self, borrower: User, page: Client) -> None:
        mark_heard_of(add(borrower).pk, borrower_id=borrower.pk, now=NOON)
        stranger = add(make_borrower(), "b")
        answer = page.get(PAGE)
        assert "last notice shown Sun 22 November, 12:00" in words(answer)
        assert stranger.fingerprint not in answer.content.decode()

    def test_it_gives_the_browser_our_key_and_never_an_endpoint(self, borrower: User, page: Client) -> None:
        subscription = add(borrower)
        html = page.get(PAGE).content.decode()
        assert 'data-push="B' in html
        assert VAPID_KEY not in html
        assert subscription.endpoint not in html
        assert subscription.auth not in html

    def test_a_device_is_no_switch_among_the_ways(self, borrower: User, page: Client) -> None:
        add(borrower)
        assert 'value="push"' not in page.get(PAGE).content.decode()
        page.post(PAGE, {"channels": ["sms", "email"]})
        assert ContactPoint.objects.reachable().filter(user=borrower, kind="push").exists()

    def test_the_sentence_about_the_next_payment_names_the_device_first(self, borrower: User, page: Client) -> None:
        make_installment(make_loan(borrower), due_on=date(2026, 11, 25))
        add(borrower)
        assert "We will tell you by a notice on your device, and then by the other ways below." in words(page.get(PAGE))
        for channel in ("sms", "email"):
            set_channel(borrower, channel, False, now=NOON)
        assert "We will tell you by a notice on your device." in words(page.get(PAGE))

    def test_without_a_key_there_is_no_such_section(self, page: Client, settings: Settings) -> None:
        settings.VAPID_PRIVATE_KEY, settings.PUSH_PROVIDERS = "", []
        html = page.get(PAGE).content.decode()
        assert "data-push" not in html
        assert "push.js" not in html
        assert page.post(ADD, Browser("https://push.example/a").fields).status_code == 404


def test_the_script_speaks_for_the_whole_site_and_is_never_an_old_one() -> None:
    answer = Client().get("/sw.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert (answer["Cache-Control"], answer["Service-Worker-Allowed"]) == ("no-cache", "/")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert b"showNotification" in answer.content
    assert not answer.cookies
