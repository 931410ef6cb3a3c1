"""The page that tells how to add a provider, held to its word."""

import json
import re
import sys
import types
from typing import Any

import pytest
from django.urls import path, reverse
from pytest_django import Settings

from notifications import heard, urls
from notifications.channels import registry
from notifications.channels.base import Channel, ChannelMisconfiguredError, ReceiptKind, Result
from notifications.channels.registry import channel_of, suppliers_for
from notifications.checks import check_suppliers, check_ways_back
from notifications.dispatch import dispatch
from notifications.models import Delivery
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.outside import ROOT, hand_over, make_message
from notifications.tests.providers import HANG, Answer, run_provider
from notifications.tests.secret_doors import TOKEN, SecretInAddress
from notifications.tests.webhook_cases import Call, ReceiptCases, make

PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text()
CLASS, OWN, BUILDER, PARSER, WEBHOOK, ADDRESS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def run(code: str, **known: Any) -> types.ModuleType:
    """The page's code as a module, which begins with what is `known`."""
    module = types.ModuleType("of_the_page")
    vars(module).update(known)
    exec(compile(code, "docs/adding-a-channel.md", "exec"), vars(module))
    return module


@pytest.fixture(scope="module")
def pigeon() -> types.ModuleType:
    """The page's example as a module."""
    return run(CLASS)


@pytest.fixture
def added(pigeon: types.ModuleType, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The provider as the page adds it: to the registry, to what is heard, and to the addresses."""
    monkeypatch.setitem(sys.modules, "notifications.channels.pigeon", pigeon)
    tables: list[dict[str, Any]] = [registry.PROVIDERS, heard.PARSERS]
    for table in tables:
        monkeypatch.setitem(table, "pigeon", None)  # what the page's code puts there is taken out again
    run(BUILDER, **vars(registry))
    run(PARSER, PARSERS=heard.PARSERS)
    addresses = run(ADDRESS, urlpatterns=list(urls.urlpatterns), path=path, pigeon_report=run(WEBHOOK).pigeon_report)
    monkeypatch.setitem(sys.modules, "pigeons_addresses", addresses)
    settings.ROOT_URLCONF = "pigeons_addresses"
    settings.PIGEON_URL, settings.PIGEON_KEY = "https://pigeons.example/", "key"
    settings.PIGEON_CALLBACK_TOKEN, settings.SMS_PROVIDERS = TOKEN, ["pigeon", "kannel"]
    return settings


@pytest.mark.parametrize(
    ("answer", "result", "reason"),
    [
        (Answer(200, '{"word": "taken"}'), Result.ACCEPTED, ""),
        (Answer(429, '{"word": "full"}'), Result.TEMPORARY, "429 full"),
        (Answer(404, '{"word": "no such roof"}'), Result.PERMANENT, "404 no such roof"),
        (Answer(200, '{"word": "Li Hua"}'), Result.UNKNOWN, "200"),
        (HANG, Result.UNKNOWN, "no answer after the request was sent: time-out"),
    ],
)
def test_its_example_sends(pigeon: types.ModuleType, answer: Answer, result: Result, reason: str) -> None:
    message = make_message("+8613800139999")
    with run_provider(answer) as post:
        channel: Channel = pigeon.PigeonChannel(url=post.url, key="key", answer_seconds=0.5 if answer.hangs else 10.0)
        [outcome] = hand_over(channel, [message])
    assert (outcome.result, outcome.reason) == (result, reason)
    assert json.loads(post.asked[0].body)["ring"] == message.reference


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"word": "landed", "ring": "1"}', ReceiptKind.DELIVERED),
        (b'{"word": "moulting", "ring": "1"}', ReceiptKind.UNKNOWN),
        (b"\xff", ReceiptKind.UNKNOWN),
    ],
)
def test_its_example_reads_receipts(pigeon: types.ModuleType, raw: bytes, kind: ReceiptKind) -> None:
    assert [receipt.kind for receipt in pigeon.parse_report(raw)] == [kind]


def test_its_registry_knows_the_provider_and_names_what_is_not_set(added: Settings) -> None:
    assert suppliers_for("sms") == ("pigeon", "kannel")
    with channel_of("pigeon") as channel:
        assert (channel.provider, channel.name) == ("pigeon", "sms")
    assert check_suppliers(None) == []
    added.PIGEON_KEY = ""
    assert [error.msg.split()[0] for error in check_suppliers(None)] == ["PIGEON_KEY"]
    added.PIGEON_URL, added.PIGEON_KEY = "http://pigeons.example/", "key"
    with pytest.raises(ChannelMisconfiguredError, match="PIGEON_URL"):
        channel_of("pigeon")


def test_without_the_secret_that_lets_its_reports_in_nothing_starts(added: Settings) -> None:
    assert check_ways_back(None) == []
    added.PIGEON_CALLBACK_TOKEN = ""
    assert [error.msg.split()[0] for error in check_ways_back(None)] == ["PIGEON_CALLBACK_TOKEN"]


@pytest.mark.django_db
def test_a_message_goes_out_by_it_and_its_report_is_believed(added: Settings) -> None:
    delivery = make_delivery()
    with run_provider(Answer(200, '{"word": "taken"}')) as post:
        added.PIGEON_URL = post.url
        assert dispatch("sms", clock=lambda: NOON) == 1
    delivery.refresh_from_db()
    assert (delivery.provider, delivery.status) == ("pigeon", Status.SENT)
    body = json.dumps({"word": "landed", "ring": json.loads(post.asked[0].body)["ring"]}).encode()
    assert make(Call("POST", reverse("pigeon_report", args=[TOKEN]), body, "application/json")) == 200
    assert Delivery.objects.get().status == Status.DELIVERED


class TestItsWebhook(SecretInAddress, ReceiptCases):
    door = "pigeon_report"
    channel = "sms"
    provider = "pigeon"
    setting = "PIGEON_CALLBACK_TOKEN"
    elsewhere = ("SMS_CALLBACK_TOKEN", "kannels")

    @pytest.fixture(autouse=True)
    def _added(self, added: Settings) -> None:
        """As the page has it."""

    def call(self, reference: str, token: str = TOKEN, **fields: str) -> Call:
        body = json.dumps({"word": "landed", "ring": reference} | fields).encode()
        return Call("POST", reverse("pigeon_report", args=[token]), body, "application/json")

    def malformed(self) -> Call:
        return Call("POST", reverse("pigeon_report", args=[TOKEN]), b"[1]", "application/json")

    def oversized(self, reference: str) -> Call:
        return self.call(reference, word="a" * 5000)


def test_every_file_that_it_names_is_there() -> None:
    names = {name for name in re.findall(r"`([a-z_/]+\.(?:py|md))`", PAGE) if "pigeon" not in name}
    places = [
        ROOT,
        ROOT / "notifications",
        *(ROOT / "notifications" / part for part in ("channels", "webhooks", "tests")),
        ROOT / "portal" / "tests",
    ]
    assert names
    assert [name for name in sorted(names) if not any((place / name).exists() for place in places)] == []
