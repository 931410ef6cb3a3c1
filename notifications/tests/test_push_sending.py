"""From a claimed delivery to the notice on a device and back, through the real channel and a push service."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from urllib.request import urlopen

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import ContactPoint, User
from accounts.tests.factories import make_borrower
from loans.tests.factories import make_installment, make_loan
from notifications import dispatch
from notifications.channels.base import Channel, Message, Outcome, Result
from notifications.channels.web_push_address import PushAddress, topic_of
from notifications.models import Alarm, Delivery, Prompt, PushSubscription, Receipt, Supplier
from notifications.planning import plan_upcoming
from notifications.push_sending import send_to_devices
from notifications.push_subscriptions import subscribe
from notifications.receipts import apply_waiting
from notifications.signatures import reference_of
from notifications.tests.browsers import SUBJECT, VAPID_KEY, Browser
from notifications.tests.factories import NOON, clock, make_delivery, make_prompt
from notifications.tests.outside import SandboxProcess, find_closed_port, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _pushing(settings: Settings) -> None:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = VAPID_KEY, SUBJECT
    settings.PUSH_PROVIDERS = ["webpush"]
    settings.WEB_PUSH_ALLOW_PRIVATE = True


def add_browser(sandbox: SandboxProcess, user: User, name: str) -> PushSubscription:
    with urlopen(f"{sandbox.url}push/{name}") as answer:
        fields = json.load(answer)
    return subscribe(user, PushAddress.read(fields["endpoint"], **fields["keys"]), user_agent="", now=NOON)


def make_push(user: User, **fields: object) -> Delivery:
    installment = make_installment(make_loan(user), due_on=NOON.date() + timedelta(days=3))
    return make_delivery(make_prompt(installment, **fields), "push", facts=None)


def noon() -> datetime:
    return NOON


def send() -> int:
    """As a worker does it."""
    return dispatch.dispatch("push", clock=noon)


def test_a_device_whose_service_is_nowhere_stops_nobodys_notices() -> None:
    """Its owner chose the address, and made the messages: twelve disputes are enough."""
    user, port = make_borrower(), find_closed_port()
    subscribe(user, Browser(f"http://127.0.0.1:{port}/1").address, user_agent="", now=NOON)
    for _number in range(12):
        make_push(user)
    assert send() == 12
    assert not Supplier.objects.filter(strikes__gt=0).exists()
    assert not Alarm.objects.exists()


def test_a_service_that_takes_nothing_of_many_people_is_heard_of() -> None:
    port = find_closed_port()
    for number in range(12):
        user = make_borrower()
        subscribe(user, Browser(f"http://127.0.0.1:{port}/{number}").address, user_agent="", now=NOON)
        make_push(user)
    assert send() == 12
    assert Alarm.objects.open().get().subject == "provider:webpush"


class Answers(Channel):
    """A push service that answers in the order of the devices."""

    name, provider, safe_to_resend = "push", "webpush", True

    def __init__(self, *answers: tuple[Result, bool]) -> None:
        self._answers = answers
        self.sent: list[Message] = []

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        for message, (result, fault) in zip(messages, self._answers, strict=True):
            self.sent.append(message)
            yield Outcome(message.reference, result, PushAddress.from_json(message.address).fingerprint, "", fault)


def test_a_telling_reaches_every_browser_and_is_delivered_when_one_shows_it(
    sandbox: SandboxProcess, live_server: LiveServer, settings: Settings, transactional_db: None
) -> None:
    settings.PUBLIC_URL = live_server.url
    user = make_borrower(locale="zh-hant")
    phone, laptop = add_browser(sandbox, user, "phone"), add_browser(sandbox, user, "laptop+lost")
    delivery = make_push(user)
    assert send() == 1
    notices = sandbox.list_messages(channel="push", reference=topic_of(reference_of(delivery.pk)), count=2)
    [shown] = sandbox.list_messages(channel="push", to="phone", receipts=1)
    assert apply_waiting(now=NOON) == 1
    assert {notice["recipient"] for notice in notices} == {"phone", "laptop+lost"}
    assert [receipt["answer"] for receipt in shown["receipts"]] == ["204"]
    delivery.refresh_from_db()
    receipt = Receipt.objects.get()
    phone.refresh_from_db()
    laptop.refresh_from_db()
    assert (delivery.status, delivery.provider_reference) == ("delivered", f"device-{phone.pk}")
    assert (receipt.delivery, receipt.kind, receipt.channel, receipt.moved) == (delivery, "delivered", "push", True)
    assert phone.last_receipt_at is not None
    assert laptop.last_receipt_at is None


def test_a_notice_says_who_speaks_and_leads_to_the_page_that_asks(sandbox: SandboxProcess) -> None:
    user = make_borrower()
    add_browser(sandbox, user, "phone+lost")
    make_push(user)
    send()
    [notice] = sandbox.list_messages(channel="push")
    payload = json.loads(notice["raw"])
    assert notice["subject"].endswith("a message for you to read by Wed 25 November")
    assert payload["url"].startswith(f"{django_settings.PUBLIC_URL}/k/")
    assert (payload["know"], payload["lang"]) == ("I know", "en")
    assert not {"amount", "facts"} & payload.keys()


@pytest.mark.parametrize("kind", ["payment_settled", "prior_notice"])
def test_a_telling_that_asks_for_no_answer_or_has_to_be_read_first_has_no_button(kind: str) -> None:
    user = make_borrower(locale="zh-hans")
    subscribe(user, Browser("https://push.example/a").address, user_agent="", now=NOON)
    make_push(user)
    Prompt.objects.update(kind=kind)
    service = Answers((Result.ACCEPTED, False))
    message = make_message("browser", reference=reference_of(Delivery.objects.get().pk), language="zh-hans")
    list(send_to_devices(service.send, [message], clock=noon))
    assert json.loads(service.sent[0].text)["know"] == ""


def test_a_browser_that_is_gone_is_told_no_more_and_the_others_are(sandbox: SandboxProcess) -> None:
    user = make_borrower()
    gone = add_browser(sandbox, user, "old+gone")
    add_browser(sandbox, user, "new+lost")
    delivery = make_push(user)
    assert send() == 1
    gone.refresh_from_db()
    delivery.refresh_from_db()
    assert delivery.status == "sent"
    assert gone.gone_at == NOON
    assert ContactPoint.objects.reachable().filter(user=user, kind="push").exists()


def test_when_the_last_browser_is_gone_the_delivery_fails_and_the_person_is_unreachable_there(
    sandbox: SandboxProcess,
) -> None:
    user = make_borrower()
    add_browser(sandbox, user, "old+gone")
    delivery = make_push(user)
    send()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("failed", "410 the subscription is gone")
    assert not ContactPoint.objects.reachable().filter(user=user, kind="push").exists()


def test_one_that_nobody_took_yet_is_tried_again_on_all(sandbox: SandboxProcess) -> None:
    user = make_borrower()
    add_browser(sandbox, user, "phone+tempfail")
    delivery = make_push(user)
    statuses = []
    for _ in range(3):
        Delivery.objects.update(next_attempt_at=NOON)
        send()
        delivery.refresh_from_db()
        statuses.append(delivery.status)
    assert (statuses, delivery.attempts) == (["retrying", "retrying", "sent"], 3)


def test_one_whose_answer_was_lost_goes_out_again_under_its_topic(sandbox: SandboxProcess) -> None:
    user = make_borrower()
    add_browser(sandbox, user, "phone+drop")
    delivery = make_push(user)
    for _ in range(2):
        Delivery.objects.update(next_attempt_at=NOON)
        send()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("retrying", 2)
    assert len({notice["reference"] for notice in sandbox.list_messages(channel="push")}) == 1


def test_a_person_whose_devices_left_after_the_claim_gets_an_outcome_too() -> None:
    delivery = make_push(make_borrower())
    assert send() == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == ("failed", "no device is left to show it on")


def test_a_batch_of_people_costs_no_query_a_person(django_assert_num_queries: object) -> None:
    for number in range(4):
        user = make_borrower()
        for name in "ab":
            subscribe(user, Browser(f"https://push.example/{number}{name}").address, user_agent="", now=NOON)
        make_push(user)
    messages = [
        make_message("browser", reference=reference_of(pk)) for pk in Delivery.objects.values_list("pk", flat=True)
    ]
    service = Answers(*[(Result.ACCEPTED, False)] * 8)
    with django_assert_num_queries(2):  # type: ignore[operator]
        outcomes = list(send_to_devices(service.send, messages, clock=noon))
    assert len(outcomes) == 4
    assert len({json.loads(message.text)["token"] for message in service.sent}) == 8


def test_who_has_a_device_is_told_there_first(sandbox: SandboxProcess) -> None:
    user = make_borrower()
    add_browser(sandbox, user, "phone+lost")
    make_installment(make_loan(user), due_on=NOON.date() + timedelta(days=3))
    plan_upcoming(clock())
    assert send() == 1
    planned = Delivery.objects.exclude(channel="in_app").get()
    assert (planned.channel, planned.address, planned.status, planned.provider) == (
        "push",
        "browser",
        "sent",
        "webpush",
    )
