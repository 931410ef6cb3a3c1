"""Notices in a real Chromium: the section that offers them, and the script that shows them and reports back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, Worker, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications.channels.web_push_address import topic_of
from notifications.models import Acknowledgement, Delivery, PushSubscription, Receipt
from notifications.push_fan_out import expand
from notifications.push_subscriptions import devices_of, subscribe
from notifications.receipts import apply_waiting
from notifications.signatures import notice_token, reference_of
from notifications.tests.browsers import SUBJECT, VAPID_KEY
from notifications.tests.browsers import Browser as Subscribed
from notifications.tests.factories import make_delivery, make_prompt
from notifications.tests.outside import make_message
from portal.tests.browser import SIZES, faults, overflow, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ENDPOINT = "https://push.example/a"
PHONE = "Mozilla/5.0 (Linux; Android 10; K) Chrome/149.0.0.0 Mobile Safari/537.36"
REGISTER = "navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)"

# Chromium without a head reaches no push service: only its answer is put in its place.
SUBSCRIBES = """
  PushManager.prototype.subscribe = async () => ({ toJSON: () => ({ endpoint: %s, keys: %s }) });
"""
IS_SUBSCRIBED = f"PushManager.prototype.getSubscription = async () => ({{ endpoint: '{ENDPOINT}', options: {{}} }});"
CANNOT_SUBSCRIBE = "PushManager.prototype.subscribe = () => Promise.reject(new Error('no service'));"
COUNT_ANSWERS = """() => {
  const go = self.fetch;
  self.answered = 0;
  self.fetch = async (...request) => {
    const answer = await go(...request);
    self.answered += 1;
    return answer;
  };
  Clients.prototype.openWindow = async (address) => { self.opened = address; };
}"""
UNTIL = "async (count) => { while (self.answered < count) await new Promise((wake) => setTimeout(wake, 20)); }"
OPENED = """async () => {
  while (!self.opened) await new Promise((wake) => setTimeout(wake, 20));
  return self.opened;
}"""


@pytest.fixture(autouse=True)
def _pushing(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = VAPID_KEY, SUBJECT
    settings.PUSH_PROVIDERS = ["webpush"]


@pytest.fixture
def borrower() -> User:
    return make_borrower()


@pytest.fixture
def address(live_server: LiveServer) -> str:
    return live_server.url + reverse("preferences")


def add(user: User, endpoint: str = ENDPOINT) -> PushSubscription:
    return subscribe(user, Subscribed(endpoint).address, user_agent=PHONE, now=timezone.now())


# The section ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("en", "dark"), ("zh-hans", "light")])
def test_the_section_is_open_to_everyone_and_fits(chromium: Browser, address: str, scheme: str, language: str) -> None:
    borrower = make_borrower(locale=language)
    for endpoint in (ENDPOINT, f"{ENDPOINT}/2"):
        add(borrower, endpoint)
    with visit(chromium, address, borrower, color_scheme=scheme) as page:
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert overflow(page) <= 0, size
            assert faults(page) == [], size


def test_a_browser_that_is_allowed_is_listed_and_can_be_removed(
    chromium: Browser, address: str, borrower: User
) -> None:
    keys = Subscribed(ENDPOINT).fields
    script = SUBSCRIBES % (json.dumps(keys.pop("endpoint")), json.dumps(keys))
    with visit(chromium, address, borrower, script=script, permissions=["notifications"]) as page:
        page.get_by_role("button", name="Tell me on this device").click()
        expect(page.get_by_text("Done. From now on we tell you on this device too.")).to_be_visible()
        expect(page.get_by_role("heading", name="Devices that show notices")).to_be_visible()
        assert PushSubscription.objects.get().user == borrower
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("Removed. This device shows no more notices.")).to_be_visible()
    assert not PushSubscription.objects.live().exists()


def test_a_browser_that_is_listed_says_so_and_offers_nothing_more(
    chromium: Browser, address: str, borrower: User
) -> None:
    add(borrower)
    with visit(chromium, address, borrower, script=IS_SUBSCRIBED, permissions=["notifications"]) as page:
        page.evaluate(REGISTER)
        page.reload()
        expect(page.get_by_text("This device shows you our notices.")).to_be_visible()
        expect(page.get_by_text("this device", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Tell me on this device")).to_be_hidden()


def test_what_fails_on_the_way_says_so_and_can_be_tried_again(chromium: Browser, address: str, borrower: User) -> None:
    with visit(chromium, address, borrower, script=CANNOT_SUBSCRIBE, permissions=["notifications"]) as page:
        page.get_by_role("button", name="Tell me on this device").click()
        expect(page.get_by_role("alert")).to_have_text("That did not work. Please try again in a while.")
        expect(page.get_by_role("button", name="Tell me on this device")).to_be_enabled()
    assert not PushSubscription.objects.exists()


def test_a_browser_that_was_told_not_to_says_where_to_allow_it(chromium: Browser, address: str, borrower: User) -> None:
    script = "Object.defineProperty(Notification, 'permission', { value: 'denied' });"
    with visit(chromium, address, borrower, script=script) as page:
        expect(page.get_by_text("This browser does not let us show notices.")).to_be_visible()
        expect(page.get_by_role("button", name="Tell me on this device")).to_be_hidden()


@pytest.mark.parametrize(
    ("agent", "words"),
    [("Mozilla/5.0 (iPhone)", "put this site on your home screen first"), ("Mozilla/5.0", "Another one may.")],
)
def test_a_browser_that_cannot_says_what_would_help(
    chromium: Browser, address: str, borrower: User, agent: str, words: str
) -> None:
    with visit(chromium, address, borrower, script="delete window.PushManager;", user_agent=agent) as page:
        expect(page.get_by_text(words)).to_be_visible()


def test_without_javascript_it_says_what_is_missing_and_devices_can_be_removed(
    chromium: Browser, address: str, borrower: User
) -> None:
    add(borrower)
    with visit(chromium, address, borrower, java_script_enabled=False) as page:
        expect(page.get_by_text("This needs JavaScript, and a browser that can show notices.")).to_be_visible()
        expect(page.get_by_role("button", name="Tell me on this device")).to_be_hidden()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("Removed. This device shows no more notices.")).to_be_visible()


# The script ----------------------------------------------------------------------------------------------------------


@dataclass
class Device:
    """A page with the script behind it, in a browser of the borrower that a telling was handed over for."""

    page: Page
    worker: Worker
    subscription: PushSubscription
    delivery: Delivery
    registration: str

    def push(self, *, token: str = "", know: str = "I know") -> None:
        """Hands the script what we would have sent, as the browser does with what its push service brings."""
        origin = self.page.evaluate("location.origin")
        [device] = devices_of([self.subscription.user_id])[self.subscription.user_id]
        ours = notice_token(self.delivery.pk, device.number, timezone.now() + timedelta(days=1))
        words = {"subject": "Meimai Mall: read", "action_url": f"{origin}/accounts/login/?from=notice"}
        message = make_message("browser", "It is short.", reference=reference_of(self.delivery.pk), **words)
        [copy] = expand(message, [device], token_of=lambda _: token or ours, know=know)
        session = self.page.context.new_cdp_session(self.page)
        session.send("ServiceWorker.enable")
        arguments = {"origin": origin, "registrationId": self.registration, "data": copy.text}
        session.send("ServiceWorker.deliverPushMessage", arguments)

    def wait_for_answers(self, count: int = 1) -> None:
        """Until the script has had so many answers from the portal."""
        self.worker.evaluate(UNTIL, count)

    def shown(self) -> list[dict[str, object]]:
        notices: list[dict[str, object]] = self.worker.evaluate(
            """async () => (await self.registration.getNotifications()).map(
                 ({ title, body, tag, actions }) => ({ title, body, tag, actions: actions.map((one) => one.title) }))"""
        )
        return notices

    def tap(self, action: str = "") -> None:
        """Fires the script's own handler on the notice that is shown."""
        self.worker.evaluate(
            """async (action) => {
                 const [notification] = await self.registration.getNotifications();
                 self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
               }""",
            action,
        )


@contextmanager
def run_device(chromium: Browser, address: str, user: User) -> Iterator[Device]:
    subscription = add(user)
    installment = make_installment(make_loan(user), due_on=timezone.localdate() + timedelta(days=3))
    delivery = make_delivery(make_prompt(installment), "push", status="sent", sent_at=timezone.now())
    with visit(chromium, address, user, permissions=["notifications"]) as page:
        registrations: list[str] = []
        session = page.context.new_cdp_session(page)
        session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
        )
        session.send("ServiceWorker.enable")
        page.evaluate(REGISTER)
        worker = page.context.service_workers[0]
        worker.evaluate(COUNT_ANSWERS)
        yield Device(page, worker, subscription, delivery, registrations[0])


def test_a_pushed_message_is_shown_and_reported(chromium: Browser, address: str, borrower: User) -> None:
    with run_device(chromium, address, borrower) as device:
        device.push()
        device.wait_for_answers()
        shown = device.shown()
    apply_waiting(now=timezone.now())
    receipt = Receipt.objects.get()
    device.delivery.refresh_from_db()
    tag = topic_of(reference_of(device.delivery.pk))
    assert shown == [{"title": "Meimai Mall: read", "body": "It is short.", "tag": tag, "actions": ["I know"]}]
    assert (receipt.kind, receipt.provider_word, device.delivery.status) == ("delivered", "shown=yes", "delivered")


def test_a_message_that_came_twice_is_shown_once(chromium: Browser, address: str, borrower: User) -> None:
    with run_device(chromium, address, borrower) as device:
        device.push()
        device.wait_for_answers()
        device.push(know="")
        device.wait_for_answers(2)
        assert [notice["actions"] for notice in device.shown()] == [[]]


def test_the_button_of_a_notice_acknowledges(chromium: Browser, address: str, borrower: User) -> None:
    with run_device(chromium, address, borrower) as device:
        device.push()
        device.wait_for_answers()
        device.tap("know")
        device.wait_for_answers(2)
        left = device.shown()
    assert Acknowledgement.objects.get().method == "push"
    assert left == []


def test_a_notice_that_asks_for_no_answer_has_no_button(chromium: Browser, address: str, borrower: User) -> None:
    with run_device(chromium, address, borrower) as device:
        device.push(know="")
        device.wait_for_answers()
        assert [notice["actions"] for notice in device.shown()] == [[]]


@pytest.mark.parametrize(("token", "action"), [("", ""), ("altered", "know")], ids=["a tap", "an answer not taken"])
def test_the_page_behind_the_link_is_opened_by(
    chromium: Browser, address: str, borrower: User, token: str, action: str
) -> None:
    with run_device(chromium, address, borrower) as device:
        device.push(token=token)
        device.wait_for_answers()
        device.tap(action)
        opened = device.worker.evaluate(OPENED)
    assert opened == device.page.url.replace(reverse("preferences"), "/accounts/login/?from=notice")
    assert not Acknowledgement.objects.exists()
