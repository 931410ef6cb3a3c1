"""A provider in one file of one's own: that of the page which tells how to add one, and files with something wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from notifications import heard
from notifications.channels import own, registry
from notifications.channels.base import ReceiptKind
from notifications.channels.own import own_providers
from notifications.checks import check_own_providers, check_suppliers
from notifications.dispatch import dispatch
from notifications.models import Delivery
from notifications.signatures import reference_of
from notifications.states import Status
from notifications.tests.factories import NOON, make_delivery
from notifications.tests.outside import ROOT
from notifications.tests.providers import Answer, run_provider
from notifications.tests.test_adding_a_channel import CLASS, OWN
from notifications.tests.webhook_cases import Call, make

TOKEN = "a-secret-of-pigeons"
VARIABLES = {"PIGEON_URL": "https://pigeons.example/", "PIGEON_KEY": "key", "PIGEON_CALLBACK_TOKEN": TOKEN}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Path]:
    """Where Python finds files; each test's have names of their own."""
    monkeypatch.syspath_prepend(tmp_path)
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    settings.OWN_PROVIDERS = ["of_pigeons"]
    own._read_all.cache_clear()
    yield tmp_path
    own._read_all.cache_clear()
    sys.modules.pop("of_pigeons", None)


@pytest.fixture
def pigeon(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The page's file, read as at a start."""
    (folder / "of_pigeons.py").write_text(CLASS + OWN)
    for name, found in own_providers().items():
        monkeypatch.setitem(registry.PROVIDERS, name, registry._as_ours(found))
        monkeypatch.setitem(heard.PARSERS, name, found.parse)
    settings.SMS_PROVIDERS = ["pigeon", "kannel"]


def address(token: str = TOKEN, provider: str = "pigeon") -> str:
    return reverse("own_report", args=[provider, token])


def report(ring: str, token: str = TOKEN, word: str = "landed") -> Call:
    return Call("POST", address(token), json.dumps({"word": word, "ring": ring}).encode(), "application/json")


@pytest.mark.django_db
@pytest.mark.usefixtures("pigeon")
def test_a_message_goes_out_by_it_and_its_report_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = make_delivery()
    with run_provider(Answer(200, '{"word": "taken"}')) as post:
        monkeypatch.setenv("PIGEON_URL", post.url)
        assert dispatch("sms", clock=lambda: NOON) == 1
    delivery.refresh_from_db()
    assert (delivery.provider, delivery.status) == ("pigeon", Status.SENT)
    assert make(report(json.loads(post.asked[0].body)["ring"])) == 200
    assert Delivery.objects.get().status == Status.DELIVERED


@pytest.mark.django_db
@pytest.mark.usefixtures("pigeon")
def test_it_may_report_by_get() -> None:
    delivery = make_delivery(status=Status.SENT, sent_at=NOON)
    said = json.dumps({"word": "landed", "ring": reference_of(delivery.pk)})
    assert make(Call("GET", f"{address()}?{said}")) == 200
    assert Delivery.objects.get().status == Status.DELIVERED


@pytest.mark.usefixtures("pigeon")
def test_nothing_is_wrong_with_it_and_what_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (check_own_providers(None), check_suppliers(None)) == ([], [])
    monkeypatch.delenv("PIGEON_CALLBACK_TOKEN")
    sys.modules.pop("of_pigeons")
    own._read_all.cache_clear()
    [fault] = check_own_providers(None)
    assert fault.msg == "OWN_PROVIDERS names 'of_pigeons', which cannot be used: PIGEON_CALLBACK_TOKEN is not set."


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (None, "ModuleNotFoundError while it was read"),
        ("def (", "SyntaxError while it was read"),
        ("PROVIDER = 1", "its PROVIDER is no OwnProvider"),
        ("", "its PROVIDER is no OwnProvider"),
        (CLASS + OWN.replace('name="pigeon"', 'name="kannel"'), "its name is 'kannel'"),
        (CLASS + OWN.replace('name="pigeon"', 'name="Pigeon Post"'), "its name is 'Pigeon Post'"),
        (CLASS + OWN.replace('"sms"', '"voice"'), "its channel is 'voice', and must be one of email, sms"),
        (CLASS + OWN.replace('variable("PIGEON_CALLBACK_TOKEN")', '"short"'), "its secret must be 16 or more letters"),
        (CLASS + OWN.replace('variable("PIGEON_CALLBACK_TOKEN")', '"with a / in the middle"'), "its secret must be"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(folder: Path, file: str | None, said: str) -> None:
    if file is not None:
        (folder / "of_pigeons.py").write_text(file)
    [fault] = check_own_providers(None)
    assert fault.msg.startswith(f"OWN_PROVIDERS names 'of_pigeons', which cannot be used: {said}")
    assert own_providers() == {}


def test_no_file_can_take_the_name_of_a_provider_that_the_product_brings() -> None:
    assert registry.PROVIDERS.keys() == own.BUILT_IN


def test_two_files_of_one_name_are_one_provider(folder: Path, settings: Settings) -> None:
    for name in ("of_pigeons", "of_pigeons_too"):
        (folder / f"{name}.py").write_text(CLASS + OWN)
    settings.OWN_PROVIDERS = ["of_pigeons", "of_pigeons_too"]
    [fault] = check_own_providers(None)
    assert "'of_pigeons_too', which cannot be used: another file has the name 'pigeon'" in fault.msg
    assert list(own_providers()) == ["pigeon"]


@pytest.mark.usefixtures("pigeon")
def test_no_code_for_signing_in_goes_by_it() -> None:
    assert not registry.carries_codes("pigeon")


def test_a_process_that_starts_knows_it(tmp_path: Path) -> None:
    (tmp_path / "pigeon.py").write_text(CLASS + OWN)
    ask = (
        "import django; django.setup()\n"
        "from notifications.channels.registry import PROVIDERS, channel_of\n"
        "from notifications.heard import PARSERS\n"
        "print(PROVIDERS['pigeon'].channel, channel_of('pigeon').provider, PARSERS['pigeon'](b'{}')[0].kind)"
    )
    known = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "OWN_PROVIDERS": "pigeon", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    ended = subprocess.run(
        [sys.executable, "-c", ask], env={**os.environ, **VARIABLES, **known}, cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (ended.stdout, ended.returncode) == (f"sms pigeon {ReceiptKind.UNKNOWN}\n", 0), ended.stderr
